"""The crash harness: real processes, killed without warning, against a world that fails, hangs and lies.

`make crash` runs it long (`python -m tests.crash --help`); what plain pytest collects here is its short form.
"""
