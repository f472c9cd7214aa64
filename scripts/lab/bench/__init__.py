"""What scripts/lab/benchmark.py is made of: race (processes in turns), contest, photographs
(what they are timed at), with_tinyfer and with_torch (the same network), task (its weights)."""
