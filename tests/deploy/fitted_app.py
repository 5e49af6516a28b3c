"""The CDK app as the command `cdk` runs it, with a template that the emulator can deploy: `cdk --app "python fitted_app.py"`."""

import os
from pathlib import Path

from deployment import APP, INFRA, fit, run

if __name__ == "__main__":
    run(APP, {}, INFRA)
    for template in Path(os.environ["CDK_OUTDIR"]).glob("*.template.json"):
        fit(template, os.environ["AWS_ENDPOINT_URL"])
