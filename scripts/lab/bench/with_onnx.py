"""The contest's network in ONNX Runtime (inference only), its graph written node by node."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from bench import task


def graph(arrays):
    """The network as an ONNX model: x (N, 1, 48, 48) float32 -> p (N, classes)."""
    nodes, constants, last = [], [], "x"

    def constant(name, array):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(kind, *inputs, **attributes):
        nonlocal last
        output = f"{kind}{len(nodes)}"
        nodes.append(helper.make_node(kind, [last, *inputs], [output], **attributes))
        last = output

    def batch_norm(i):
        node("BatchNormalization", *(constant(f"bn{i}.{part}", arrays[f"bn{i}.{part}"])
                                     for part in ("gamma", "beta", "mean", "var")), epsilon=1e-3)

    def dense(i):
        node("Gemm", constant(f"dense{i}.w", arrays[f"dense{i}.w"]),
             constant(f"dense{i}.b", arrays[f"dense{i}.b"]))

    for i in range(1, 7):
        node("Conv", constant(f"conv{i}.w", arrays[f"conv{i}.w"].transpose(3, 2, 0, 1)),
             constant(f"conv{i}.b", arrays[f"conv{i}.b"]))
        node("Relu")
        batch_norm(i)
        if i % 2 == 0:
            node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    node("Transpose", perm=[0, 2, 3, 1])        # tinyfer flattens (H, W, C)
    node("Flatten")
    dense(1)
    node("Relu")
    batch_norm(7)
    dense(2)
    node("Softmax", axis=1)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, 48, 48])
    p = helper.make_tensor_value_info(last, TensorProto.FLOAT, ["N", task.CLASSES])
    return helper.make_model(helper.make_graph(nodes, "six_layer_cnn", [x], [p], constants),
                             opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class OnnxRuntime:
    def __init__(self, arrays, class_weights, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            graph(arrays).SerializeToString(), options, providers=["CPUExecutionProvider"])

    def load(self, images, labels):
        self.images = images

    def predict(self, batch_size):
        parts = [self.session.run(None, {"x": task.to_unit(self.images[i:i + batch_size])[:, None]})
                 for i in range(0, len(self.images), batch_size)]
        return np.concatenate([p for p, in parts])
