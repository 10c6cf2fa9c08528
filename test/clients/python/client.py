"""The Python client as scripts and operators use it: prints as JSON what it gets. Arguments: kubeconfig, namespace, group."""

import json
import sys

from kubernetes import client, config, dynamic, watch


def show(what, answer):
    """One line of JSON, whatever the client made of the answer."""
    if isinstance(answer, dynamic.resource.ResourceInstance):
        answer = answer.to_dict()
    print(json.dumps({"what": what, "answer": answer}, sort_keys=True, default=str), flush=True)


def refusal(what, call):
    """The error of a call that must not succeed."""
    try:
        call()
    except client.exceptions.ApiException as error:
        show(what, {"status": error.status, "reason": error.reason, "body": json.loads(error.body)})
        return
    raise SystemExit(f"{what}: succeeded")


def bucket(group, name, size, **metadata):
    return {
        "apiVersion": f"{group}/v1",
        "kind": "Bucket",
        "metadata": {"name": name, **metadata},
        "spec": {"parameters": {"size": size}},
    }


def custom_objects(connection, namespace, group):
    """CustomObjectsApi: plain dictionaries."""
    api = client.CustomObjectsApi(connection)
    where = (group, "v1", namespace, "buckets")
    for name, size in (("one", "small"), ("two", "large")):
        body = bucket(group, name, size, labels={"size": size})
        show(f"create {name}", api.create_namespaced_custom_object(*where, body))
    refusal("create one again", lambda: api.create_namespaced_custom_object(*where, bucket(group, "one", "small")))
    refusal("create what is invalid", lambda: api.create_namespaced_custom_object(*where, bucket(group, "bad", "huge")))
    show("get", api.get_namespaced_custom_object(*where, "one"))
    listed = api.list_namespaced_custom_object(*where, pretty="true", label_selector="size=large")
    show("list", listed)
    show("list of all namespaces", api.list_cluster_custom_object(group, "v1", "buckets", field_selector="metadata.name=one"))
    show("list by pages", api.list_namespaced_custom_object(*where, limit=1)["items"])

    merged = {"metadata": {"labels": {"size": None, "team": "red"}}, "spec": {"parameters": {"size": "medium"}}}
    show("patch", api.patch_namespaced_custom_object(*where, "one", merged))
    show("status", api.patch_namespaced_custom_object_status(*where, "one", {"status": {"note": "well"}}))
    current = api.get_namespaced_custom_object(*where, "one")
    current["spec"]["parameters"]["size"] = "small"
    show("replace", api.replace_namespaced_custom_object(*where, "one", current))
    refusal("replace by an old version", lambda: api.replace_namespaced_custom_object(*where, "one", current))
    show("dry run", api.delete_namespaced_custom_object(*where, "two", dry_run="All"))

    version = api.list_namespaced_custom_object(*where)["metadata"]["resourceVersion"]
    show("delete", api.delete_namespaced_custom_object(*where, "two", grace_period_seconds=0))
    api.create_namespaced_custom_object(*where, bucket(group, "three", "small"))
    show("delete collection", api.delete_collection_namespaced_custom_object(*where, label_selector="team=red"))
    seen = 0
    for event in watch.Watch().stream(
        api.list_namespaced_custom_object, *where, resource_version=version, timeout_seconds=30
    ):
        show("event", event["raw_object"] | {"event": event["type"]})
        seen += 1
        if seen == 3:
            break
    refusal("get what is gone", lambda: api.get_namespaced_custom_object(*where, "one"))


def dynamic_client(connection, namespace, group):
    """DynamicClient: resources found by discovery."""
    api = dynamic.DynamicClient(connection)
    buckets = api.resources.get(api_version=f"{group}/v1", kind="Bucket")
    show("resource", {"name": buckets.name, "verbs": sorted(buckets.verbs), "namespaced": buckets.namespaced})
    show("create", buckets.create(body=bucket(group, "four", "small"), namespace=namespace))
    show("get", buckets.get(name="four", namespace=namespace))
    applied = bucket(group, "four", "large")
    show("apply", buckets.server_side_apply(body=applied, namespace=namespace, field_manager="python", force_conflicts=True))
    change = {"metadata": {"labels": {"team": "green"}}}
    show(
        "patch",
        buckets.patch(body=change, name="four", namespace=namespace, content_type="application/merge-patch+json"),
    )
    operations = [{"op": "add", "path": "/metadata/annotations", "value": {"example.org/note": "by list"}}]
    as_operations = "application/json-patch+json"
    show(
        "json patch",
        buckets.patch(body=operations, name="four", namespace=namespace, content_type=as_operations),
    )
    refusal("strategic merge patch", lambda: buckets.patch(body=change, name="four", namespace=namespace))
    listed = buckets.get(namespace=namespace)
    show("list", [item.metadata.name for item in listed.items])
    changed = buckets.get(name="four", namespace=namespace).to_dict()
    changed["spec"]["parameters"]["size"] = "medium"
    show("replace", buckets.replace(body=changed, namespace=namespace))
    buckets.delete(name="four", namespace=namespace)
    version = listed.metadata.resourceVersion
    for event in buckets.watch(namespace=namespace, resource_version=version, timeout=30):
        show("event", event["raw_object"] | {"event": event["type"]})
        if event["type"] == "DELETED":
            break
    databases = api.resources.get(api_version=f"{group}/v1", kind="Database")
    show("short names", [*databases.short_names, *databases.categories, *sorted(databases.subresources)])
    body = {"apiVersion": f"{group}/v1", "kind": "Database", "metadata": {"name": "five"}, "spec": {"engine": "mysql"}}
    show("create with defaults", databases.create(body=body, namespace=namespace))
    show("delete", databases.delete(name="five", namespace=namespace))


def main():
    kubeconfig, namespace, group = sys.argv[1:]
    connection = config.new_client_from_config(kubeconfig)
    custom_objects(connection, namespace, group)
    dynamic_client(connection, namespace, group)
    api = client.CustomObjectsApi(connection)
    api.delete_collection_namespaced_custom_object(group, "v1", namespace, "buckets")


main()
