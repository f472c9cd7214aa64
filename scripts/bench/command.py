"""What the command lines of the two scripts share."""

import argparse
import json
import sys

from tinyfer.files import atomic_write


def parser(description):
    """An ArgumentParser that shows `description` as it stands and reports errors in one line."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.error = lambda message: sys.exit(fail(f"{message} (--help lists the options)"))
    return made


def at_least(least):
    """A type of option: a whole number, `least` or more."""
    def whole_number(given):
        if not given.isdigit() or int(given) < least:
            raise argparse.ArgumentTypeError(f"expected a whole number from {least}, got {given!r}")
        return int(given)

    return whole_number


def numbers(given):
    """A type of option: whole numbers from 1, with commas between them."""
    return tuple(at_least(1)(number) for number in given.split(","))


def one_of(choices, what):
    """A type of option: names out of `choices`, with commas between them."""
    def names(given):
        chosen = given.split(",")
        for name in chosen:
            if name not in choices:
                raise argparse.ArgumentTypeError(f"there is no {what} {name!r}; there are "
                                                 + ", ".join(choices))
        return chosen

    return names


def main(run, options):
    """The exit code of run(options()), with errors as one sentence and code 2."""
    try:
        return run(options())
    except KeyboardInterrupt:
        return 130
    except (ValueError, OSError) as error:
        return fail(error)


def fail(message):
    print(f"error: {message}", file=sys.stderr)
    return 2


def write_json(path, results):
    with atomic_write(path) as file:
        file.write(json.dumps(results, indent=1).encode() + b"\n")
