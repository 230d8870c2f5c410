# syntax=docker/dockerfile:1
#
# The operator's image: no shell, no package manager, no compiler, not root. `test/contract/image.test.ts` carries out
# these very instructions in empty folders and runs the result, so that this file cannot rot where there is no Docker.
#
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" -t namespace-policy-baseline:0.1.0 .

# For a build that can be repeated, name the base by digest: --build-arg BASE=…/nodejs24-debian12@sha256:…
ARG BASE=gcr.io/distroless/nodejs24-debian12:nonroot
ARG NODE=node:24-bookworm-slim

# Compiles with everything that is needed for it. The result is the same on every architecture.
FROM --platform=$BUILDPLATFORM ${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build --ignore-scripts

# Installs only what runs. No package runs code of its own here: --ignore-scripts.
FROM --platform=$BUILDPLATFORM ${NODE} AS production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="namespace-policy-baseline"
LABEL org.opencontainers.image.description="Keeps default-deny, allow-dns and vetted platform-allow NetworkPolicies in every non-system namespace"
LABEL org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.version="${VERSION}"
LABEL org.opencontainers.image.revision="${REVISION}"
ENV NPB_REVISION=${REVISION}
WORKDIR /app
COPY --from=production /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
# By number: a kubelet cannot tell that a name is not root.
USER 65532:65532
# What is parsed and planned dies young. With the memory limit of the Deployment V8 has 1 MiB for that and is busy collecting it;
# left to itself without a limit it takes 16, and keeps them. 8 halve the collector's part of a burst and cost no memory at the peak.
ENTRYPOINT ["/nodejs/bin/node", "--min-semi-space-size=8", "--max-semi-space-size=8", "dist/main.js"]
CMD ["operator"]
