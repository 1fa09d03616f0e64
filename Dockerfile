# syntax=docker/dockerfile:1

FROM node:24-alpine AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY spec/generated-client/package.json spec/generated-client/
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY tsconfig.json tsconfig.build.json tsconfig.client.json tsconfig.streams.json ./
COPY app app
COPY lib lib
COPY db db
COPY streams streams
COPY routes routes
COPY openapi openapi
COPY web web
COPY LICENSE ./
RUN npm run build

FROM node:24-alpine AS dependencies
# Live exchanges need ccxt, which is larger than all the rest together: --build-arg CCXT=true
ARG CCXT=false
WORKDIR /app
COPY package.json package-lock.json ./
COPY spec/generated-client/package.json spec/generated-client/
RUN npm ci --no-audit --no-fund --ignore-scripts --omit=dev \
 && if [ "$CCXT" != true ]; then rm -rf node_modules/ccxt; fi \
 && npm cache clean --force

FROM node:24-alpine
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
# The embedded database and the generated secret; a node with DATABASE_URL and JWT_SECRET keeps nothing here.
RUN mkdir /data && chown node:node /data
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY openapi/docs-page.js openapi/examples.json openapi/
USER node
VOLUME /data
EXPOSE 3000
# Whether the process lives. Whether all that it depends on answers too, /readyz tells.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s \
  CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3000/healthz"]
# In this form node is the process that gets SIGTERM.
CMD ["node", "--enable-source-maps", "dist/app/main.js"]
