"""What scripts/lab/benchmark.py and scripts/lab/speed_ladder.py are made of.

contenders   who takes part: tinyfer, and the other libraries where they are installed
with_*       the same network in each library
task         the weights and images all of them get
contest      training step and inference, all of them in turn
sweep        other batch sizes and threads
turns        processes that take turns on the same cores, and the statistics of their times
layers       a training step taken apart, layer by layer
machine      what this machine can do: matrix product, memory, load
startup      import, first step with and without compiled kernels
cost_of_checks  what the checks of arguments cost in a step; a command of its own
ladder       the versions of the convolution, from plain loops on; ladder_kernels the retired ones
pictures     the ladder and the roofline
cost         operations and bytes of a layer
text         plain tables, and putting them into a document
"""
