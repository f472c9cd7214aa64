"""What scripts/lab/benchmark.py is made of: race (processes that take turns), contest and photographs
(what they are timed at), with_tinyfer and with_torch (the same network), task (its weights)."""
