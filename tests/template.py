"""Prints infra/template.yaml as AWS will see it: SAM expanded, parameters and conditions filled in, once for each stage.

What only AWS knows stays readable: a reference to a resource is `<Queue>`, an attribute of one `<Queue.Arn>`. tests/aws
runs this and puts the file's name into HIREWIRE_TEMPLATE; tests/stories/template.rs reads it.
"""

import json
import logging
import os
import re
import sys
from pathlib import Path

# The translator asks which region it is for; it calls nobody.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
logging.disable(logging.WARNING)

from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

TEMPLATE = Path(__file__).resolve().parent.parent / "infra" / "template.yaml"
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "hirewire",
    "AWS::URLSuffix": "amazonaws.com",
}


class NoManagedPolicies:
    """Nothing here uses a managed policy; the translator wants to know all the same."""

    def load(self):
        return {}


def resolved(node, names, conditions):
    """`node` with its intrinsic functions carried out, as far as that can be done without AWS."""

    def again(part):
        return resolved(part, names, conditions)

    if isinstance(node, list):
        return [again(part) for part in node]
    if not isinstance(node, dict):
        return node
    if len(node) != 1:
        return {key: again(value) for key, value in node.items()}
    (function, argument), = node.items()
    if function == "Ref":
        return names.get(argument, f"<{argument}>")
    if function == "Fn::GetAtt":
        return "<" + (argument if isinstance(argument, str) else ".".join(argument)) + ">"
    if function == "Fn::Sub":
        text, own = (argument, {}) if isinstance(argument, str) else (argument[0], again(argument[1]))
        known = {**names, **own}
        text = re.sub(r"\$\{([^!}][^}]*)\}", lambda found: str(known.get(found[1], f"<{found[1]}>")), text)
        return text.replace("${!", "${")
    if function == "Fn::If":
        return again(argument[1] if conditions[argument[0]] else argument[2])
    if function == "Fn::Equals":
        left, right = again(argument)
        return left == right
    if function == "Fn::Not":
        return not again(argument[0])
    if function == "Fn::Join":
        return argument[0].join(str(part) for part in again(argument[1]))
    if function.startswith("Fn::"):
        sys.exit(f"{function} is not carried out here yet: tests/template.py")
    return {function: again(argument)}


def stage(name):
    template = yaml_parse(TEMPLATE.read_text())
    parameters = {key: value.get("Default", "") for key, value in template["Parameters"].items()}
    parameters.update(Stage=name, AlarmEmail="ops@acme.example")
    for resource in template["Resources"].values():
        # `sam build` and `sam deploy` put the program's own place here.
        if "CodeUri" in resource.get("Properties", {}):
            resource["Properties"]["CodeUri"] = "s3://bucket/" + resource["Properties"]["CodeUri"].lstrip("./")
    template = transform(template, parameters, NoManagedPolicies())
    names = {**PSEUDO, **parameters}
    conditions = {}
    for key, value in template.get("Conditions", {}).items():
        conditions[key] = resolved(value, names, conditions)
    there = {
        key: value for key, value in template["Resources"].items() if conditions.get(value.get("Condition"), True)
    }
    return {
        "Resources": resolved(there, names, conditions),
        "Outputs": resolved(template["Outputs"], names, conditions),
    }


json.dump({name: stage(name) for name in ("dev", "prod")}, sys.stdout, indent=1, sort_keys=True)
