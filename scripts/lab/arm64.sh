#!/usr/bin/env bash
# scripts/lab/arm64.sh [FOLDER]: a photograph read, and kernels tested, on an emulated 64-bit ARM.
#
# For Debian and its like with qemu-user (apt-get install qemu-user) and a Python whose version is
# that of Debian's python3. Nothing is installed: Debian's packages for arm64 and the wheels are
# unpacked into FOLDER (default: runs/arm64; 500 MB). Takes some ten minutes on a quiet machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v qemu-aarch64 > /dev/null || { echo "there is no qemu-aarch64: install qemu-user"; exit 2; }
python=${PYTHON:-python3}
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
here=$(realpath -m "${1:-runs/arm64}")
mkdir -p "$here"/{lists/partial,debs/archives/partial,root,site}

if [ ! -x "$here/root/usr/bin/python$version" ]; then
    apt=(apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::status=/dev/null
         -o Dir::State::lists="$here/lists" -o Dir::Cache="$here/debs")
    "${apt[@]}" update
    "${apt[@]}" install -y --no-install-recommends --download-only "python$version" libgomp1 libstdc++6
    for package in "$here"/debs/archives/*.deb; do dpkg-deb -x "$package" "$here/root"; done
    "$python" -m pip download -q --only-binary=:all: --python-version "$version" -d "$here/wheels" \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_17_aarch64 \
        numpy numba pillow matplotlib pytest
    for wheel in "$here"/wheels/*.whl; do "$python" -m zipfile -e "$wheel" "$here/site"; done
    # Byte code is the same for all processors, and slow to make under emulation.
    "$python" -m compileall -q "$here/site" "$here/root/usr/lib/python$version" tinyfer || true
fi

export PYTHONPATH=$here/site:$PWD NUMBA_CACHE_DIR=$here/kernels MPLCONFIGDIR=$here
arm=(qemu-aarch64 -L "$here/root" "$here/root/usr/bin/python$version")
"${arm[@]}" scripts/predict.py docs/figures/20-scene.png
"${arm[@]}" -m pytest -q tests/kernels/test_kernels.py -k "matmul or pooling or (convolution
    and (1x3x3x1x1 or 1x3x3x17x1 or 3x3x8x4x5 or 2x7x7x256x256 or 2x9x9x128x256))"
