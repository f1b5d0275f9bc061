"""The document that is served is the one that is kept, and OpenAPI's own rules find nothing wrong with it."""

import json
import os
import sys
import urllib.request

from openapi_spec_validator import validate

with urllib.request.urlopen(os.environ["JOBS_API"] + "/openapi.json", timeout=10) as answer:
    served = json.load(answer)
with open(sys.argv[1], encoding="utf-8") as file:
    kept = json.load(file)
assert served == kept, "docs/openapi.json is not what is served: curl it into place"
validate(served)
print("valid")
