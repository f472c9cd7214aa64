"""tinyfer: a facial-expression network one can read from end to end."""

from tinyfer.architectures import six_layer_cnn
from tinyfer.losses import softmax, softmax_cross_entropy
from tinyfer.model import Sequential, load_model
from tinyfer.optim import Adam
