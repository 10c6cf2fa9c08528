#!/usr/bin/env bash
# Makes an image archive, as "docker save" writes it, from a folder.
#   archive.sh FILE NAME:TAG ROOTFS COMMAND [ARG...]
# RUN_AS (default 0:0), WORKDIR (default /), ENVS (comma list of A=B in place of a plain PATH) and CMD (the arguments that a
# pod's args replace) go into the image's configuration.
set -euo pipefail
file=$1 name=$2 root=$3
shift 3

json_list() {
  local out='' item
  for item in "$@"; do
    item=${item//\\/\\\\}
    out+="${out:+,}\"${item//\"/\\\"}\""
  done
  printf '[%s]' "$out"
}

work=$(mktemp -d /tmp/image-archive.XXXXXX)
trap 'rm -rf "$work"' EXIT
tar -C "$root" --owner=0 --group=0 --numeric-owner --sort=name --mtime=@0 -cf "$work/layer.tar" .
digest=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=amd64 ;; esac
IFS=, read -ra envs <<<"${ENVS:-PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
IFS=' ' read -ra cmd <<<"${CMD:-}"
cat >"$work/config.json" <<J
{"architecture": "$architecture", "os": "linux",
 "config": {"User": "${RUN_AS:-0:0}", "WorkingDir": "${WORKDIR:-/}", "Env": $(json_list "${envs[@]}"),
            "Entrypoint": $(json_list "$@"), "Cmd": $(json_list ${cmd[@]+"${cmd[@]}"})},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$digest"]}, "history": [{"created_by": "hack/archive.sh"}]}
J
echo "[{\"Config\": \"config.json\", \"RepoTags\": [\"$name\"], \"Layers\": [\"layer.tar\"]}]" >"$work/manifest.json"
tar -C "$work" -cf "$file" manifest.json config.json layer.tar
