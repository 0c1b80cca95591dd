# Reads files as allmydata.node.read_config does: bytes, utf-8-sig, ConfigParser(strict=False).read_string.
# One JSON string (base64) a line in, one JSON object a line out.
import base64, configparser, json, sys


def parse(data):
    parser = configparser.ConfigParser(strict=False)
    try:
        parser.read_string(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, configparser.Error) as e:
        line = getattr(e, "lineno", 0)
        if getattr(e, "errors", None):
            line = e.errors[0][0]
        return {"Error": type(e).__name__, "Message": str(e), "Line": line}
    own, values, failed = {}, {}, {}
    for s in parser.sections():
        own[s] = dict(parser._sections[s])
        values[s], failed[s] = {}, {}
        for key in parser.options(s):
            try:
                values[s][key] = parser.get(s, key)
            except configparser.Error as e:
                failed[s][key] = str(e)
    return {"Sections": own, "Defaults": dict(parser._defaults), "Values": values, "Failed": failed}


for request in sys.stdin:
    print(json.dumps(parse(base64.b64decode(json.loads(request)))), flush=True)
