"""Runs espsecure again and again without starting Python again and again.

Reads one JSON array of arguments per line and answers with one JSON object, {"code", "stdout"}, per line. Each command
runs in a process of its own, forked from this one, which has imported the tool.
"""

import json
import os
import sys

from espsecure.__init__ import _main


def run(arguments):
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        os.dup2(write_end, 1)
        os.dup2(write_end, 2)
        sys.argv = ["espsecure", *arguments]
        code = 0
        try:
            _main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8", errors="replace") as output:
        stdout = output.read()
    return {"code": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "stdout": stdout}


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
