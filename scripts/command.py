"""What the command lines of all scripts share: errors are one sentence, and exit code 2."""

import argparse
import os
import sys


def parser(description, **settings):
    """An ArgumentParser with these settings that reports errors in one line."""
    made = argparse.ArgumentParser(description=description, **settings)
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


def main(run, parse, argv, stopped="stopped"):
    """The exit code of run(parse(argv)), 0 for None; errors are one sentence and code 2."""
    try:
        code = run(parse(argv))
        sys.stdout.flush()
        return code or 0
    except KeyboardInterrupt:
        print(f"\n{stopped}", file=sys.stderr)
        return 130
    except BrokenPipeError:         # `| head` has read enough: nothing more is to be written
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError) as error:
        return fail(error)


def fail(message):
    """Print the sentence, and return the exit code."""
    print(f"error: {message}", file=sys.stderr)
    return 2
