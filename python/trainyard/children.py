"""Children a script makes of its own run."""

import os

from .ids import new_run_id
from .session import Session


def begin_child(context, parameters):
    """A session for a child run of `context`'s run, with a journal in a run directory beside the parent's."""
    from .values import plain_value

    parent = context._session
    child_id = new_run_id()
    iteration = len(parent.children) + 1
    plain = {str(key): plain_value(value)[0] for key, value in parameters.items()}
    run = {**parent.run, "id": child_id, "parentId": parent.run["id"], "iteration": iteration, "labels": {}}
    spec = {**parent.spec, "run": run, "parameters": dict(parameters)}
    spec["runDirectory"] = os.path.join(os.path.dirname(parent.run_directory), child_id)
    # As the supervisor has it in the record.
    spec["outPath"] = "%s/%d" % (parent.spec["outPath"].rstrip("/"), iteration)
    child = Session(spec, "child", parent)
    child.spec["parameters"] = plain
    child.start({})
    child.spec["parameters"] = dict(parameters)
    parent.children.append(child)
    parent.journal.append("child", {"id": child_id, "iteration": iteration, "parameters": plain})
    return child
