# syntax=docker/dockerfile:1.7
# gate's own image: what it asks of others. Built from pinned, hashed wheels; no shell, no package manager, uid 65532.
FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY constraints.txt constraints-cluster.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --require-hashes -r constraints.txt && \
    pip install --require-hashes --target=/opt/gate -r constraints-cluster.txt
COPY pyproject.toml README.md LICENSE ./
COPY gate ./gate
COPY policies ./policies
RUN pip wheel --no-deps --no-build-isolation --wheel-dir=/wheels . && \
    pip install --no-deps --no-index --target=/opt/gate /wheels/*.whl && \
    python -m compileall -q /opt/gate

FROM gcr.io/distroless/python3-debian13:nonroot
COPY --from=build /opt/gate /opt/gate
ENV PYTHONPATH=/opt/gate PYTHONDONTWRITEBYTECODE=1
WORKDIR /home/nonroot
USER 65532:65532
ENTRYPOINT ["/usr/bin/python3", "-m", "gate"]
