"""A platform engineer's agent, by the Model Context Protocol's client for Python: from a provider and an XRD to a Ready claim,
and everything away again. Prints what it did as one object of JSON.

    scenario.py URL GROUP PROVIDER_PACKAGE MODE

MODE is `asks` for a client with a person who agrees, and `silent` for one that repeats the codes it is given.
"""

import asyncio
import json
import sys
import time

import mcp
from mcp import types

url, group, package, mode = sys.argv[1:]
questions: list[str] = []
steps: list[dict] = []
codes = 0
again = 0


async def agree(_context, params):
    questions.append(params.message)
    return types.ElicitResult(action="accept", content={"confirm": True})


async def call(client, tool, /, **arguments):
    """The text of an answer; a confirmation that is asked for by a code is given."""
    global codes
    result = await client.call_tool(tool, arguments)
    error = result.structured_content if result.is_error else None
    if error and error["code"] == "confirmation_required" and "confirm" in error:
        codes += 1
        result = await client.call_tool(tool, {**arguments, "confirm": error["confirm"]})
    text = "\n".join(block.text for block in result.content if block.type == "text")
    steps.append({"tool": tool, "error": result.is_error, "text": text.split("\n")[0]})
    return result.is_error, text


async def done(client, tool, /, **arguments):
    failed, text = await call(client, tool, **arguments)
    if failed:
        raise RuntimeError(f"{tool} failed: {text}\n{json.dumps(steps, indent=1)}")
    return text


async def until(what, attempt, seconds=240):
    deadline = time.monotonic() + seconds
    while True:
        ok, text = await attempt()
        if ok:
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not come: {text}")
        await asyncio.sleep(0.5)


xrd = {
    "metadata": {"name": f"xboxes.{group}"},
    "spec": {
        "group": group,
        "names": {"kind": "XBox", "plural": "xboxes"},
        "claimNames": {"kind": "Box", "plural": "boxes"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "referenceable": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"size": {"type": "string", "enum": ["small", "large"]}},
                            }
                        },
                    }
                },
            }
        ],
    },
}
composition = {
    "metadata": {"name": f"boxes.{group}"},
    "spec": {
        "compositeTypeRef": {"apiVersion": f"{group}/v1", "kind": "XBox"},
        "mode": "Resources",
        "resources": [
            {
                "name": "bucket",
                "base": {"apiVersion": f"{group}/v1", "kind": "Bucket", "spec": {}},
                "readinessChecks": [{"type": "None"}],
            }
        ],
    },
}
claim = {"kind": f"Box.{group}", "namespace": "team", "name": "first"}


async def offered(client):
    """Once more where the answer says that Crossplane has started a controller that watches nothing."""
    global again
    while "watches nothing" in await done(client, "create_xrd", manifest=xrd):
        again += 1
        await done(client, "delete_xrd", name=f"xboxes.{group}")

        async def gone():
            failed, text = await call(client, "get_xrd", name=f"xboxes.{group}")
            return failed and "not_found" in text, text

        await until("the end of the XRD", gone)


async def scenario(client):
    await done(client, "install_provider", package=package, name=f"provider-{group.replace('.', '-')}")
    await offered(client)
    await done(client, "create_composition", manifest=composition)

    async def created():
        failed, text = await call(client, "create_claim", **claim, spec={"size": "small"})
        return not failed, text

    # The kind of the claim is offered a moment after the XRD.
    await until("the claim", created)

    async def ready():
        _, text = await call(client, "get_claim", **claim)
        return "ready True" in text, text

    await until("a Ready claim", ready)
    await done(client, "list_claims", namespace="team")
    await done(client, "delete_claim", **claim)

    async def gone():
        failed, text = await call(client, "get_claim", **claim)
        return failed and "not_found" in text, text

    await until("the end of the claim", gone)

    async def collected():
        failed, text = await call(client, "list_managed_resources", kind=f"buckets.{group}")
        return not failed and text.startswith("0 "), text

    # Composed resources are left to the garbage collector, which knows nothing of their owner once its kind is gone.
    await until("the end of what was composed", collected)
    await done(client, "delete_composition", name=f"boxes.{group}")
    await done(client, "delete_xrd", name=f"xboxes.{group}")

    async def uninstalled():
        failed, text = await call(client, "uninstall_provider", name=f"provider-{group.replace('.', '-')}")
        return not failed, text

    # Refused while something of its kinds is on its way out.
    await until("the end of the provider", uninstalled)


async def main():
    asks = {"elicitation_callback": agree} if mode == "asks" else {}
    async with mcp.Client(url, **asks) as client:
        tools = (await client.list_tools()).tools
        await scenario(client)
    print(
        json.dumps(
            {"tools": len(tools), "questions": questions, "codes": codes, "again": again, "steps": steps}
        )
    )


asyncio.run(main())
