"""What a student begins with, cut from the solutions.

In docs/solutions a line `# solution` begins what the student has to write: the rest of the
function, in whose place NotImplementedError is raised. Left out are also a function below a line
`# helper`, and a line of code that ends with `# solution`.
"""

import re

ANSWER = re.compile(r"^( +)# solution\n(?:\n*\1.*\n)+", re.M)
HELPER = re.compile(r"^( *)# helper\n\1def .*\n(?:\n*\1 +.*\n)+\n*", re.M)


def stub_of(text):
    """The text of a file of docs/solutions without its answers."""
    text = HELPER.sub("", ANSWER.sub(r"\1raise NotImplementedError\n", text))
    return re.sub(r"^.+# solution\n", "", text, flags=re.M).rstrip() + "\n"
