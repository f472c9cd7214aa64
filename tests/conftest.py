"""Prints what the gradient checks and the comparison with PyTorch measured."""


def pytest_terminal_summary(terminalreporter):
    measured = [(report.nodeid.split("::")[-1], value)
                for outcome in ("passed", "failed")
                for report in terminalreporter.getreports(outcome)
                for name, value in report.user_properties if name == "relative error"]
    if measured:
        terminalreporter.section("relative errors found")
        width = max(len(test) for test, _ in measured)
        for test, value in measured:
            terminalreporter.write_line(f"{test:<{width}}  {value}")
