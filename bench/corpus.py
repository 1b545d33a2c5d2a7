"""Dockerfiles to measure on: as many as are asked for, all different, the same every time."""

from __future__ import annotations

import random
from pathlib import Path

_BUILDERS = {
    "golang:1.{}-alpine": [
        "COPY go.mod go.sum ./",
        "RUN go mod download",
        "COPY . .",
        "RUN CGO_ENABLED=0 go build -o /out/{0} ./cmd/{0}",
    ],
    "node:{}-alpine": [
        "COPY package*.json ./",
        "RUN npm ci --omit=dev",
        "COPY . .",
        "RUN npm run build && npm prune --omit=dev",
    ],
    "python:3.{}-slim": [
        "RUN apt-get update && apt-get install -y --no-install-recommends gcc libpq-dev && rm -rf /var/lib/apt/lists/*",
        "COPY requirements.txt .",
        "RUN pip install --no-cache-dir --target=/out/{0} -r requirements.txt",
    ],
    "rust:1.{}-slim": [
        "COPY Cargo.toml Cargo.lock ./",
        "COPY src ./src",
        "RUN cargo build --release && cp target/release/{0} /out/{0}",
    ],
}
_BASES = [
    "alpine:3.{}",
    "debian:{}-slim",
    "gcr.io/distroless/static-debian12:nonroot",
    "scratch",
    "node:{}-alpine",
    "ubuntu:{}",
]
_USERS = ["USER 1000{}", "USER app", "USER root", "", "USER 65532:65532"]
_LINES = [
    "ENV APP_{0}={1}",
    "ARG VERSION_{0}={1}",
    "LABEL org.opencontainers.image.title={0}",
    "RUN apk add --no-cache curl ca-certificates && update-ca-certificates",
    "RUN addgroup -S app && adduser -S -G app -u 1000{1} app",
    "RUN set -eux; for item in a b c; do mkdir -p /srv/$item; done; rm -rf /tmp/*",
    "COPY --chown=1000:1000 config/{0}.yaml /etc/{0}.yaml",
    "WORKDIR /srv/{0}",
    "EXPOSE 80{1}",
    "HEALTHCHECK CMD wget -q -O- http://127.0.0.1:80{1}/health || exit 1",
]


def write(folder: Path, count: int) -> list[Path]:
    """``count`` Dockerfiles of 12 to 45 lines, in folders of a hundred."""
    chance = random.Random(20261121)
    paths = []
    for index in range(count):
        path = folder / f"{index // 100:02}" / f"{index:04}.Dockerfile"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_dockerfile(chance, index), encoding="utf-8")
        paths.append(path)
    return paths


def _dockerfile(chance: random.Random, index: int) -> str:
    name = f"service{index}"
    lines = [f"# {name}"]
    for stage in range(chance.randint(1, 3)):
        image, steps = chance.choice(list(_BUILDERS.items()))
        lines += [f"FROM {image.format(chance.randint(18, 24))} AS build{stage}", f"WORKDIR /src/{name}"]
        lines += [step.format(name) for step in steps]
        lines += [
            chance.choice(_LINES).format(name.upper(), chance.randint(10, 99)) for _ in range(chance.randint(0, 4))
        ]
        lines.append("")
    lines.append(f"FROM {chance.choice(_BASES).format(chance.randint(18, 24))}")
    lines += [chance.choice(_LINES).format(name, chance.randint(10, 99)) for _ in range(chance.randint(2, 12))]
    lines += [f"COPY --from=build0 /out/{name} /usr/local/bin/{name}", chance.choice(_USERS).format(index % 10)]
    lines.append(f'ENTRYPOINT ["/usr/local/bin/{name}"]')
    return "\n".join(line for line in lines if line is not None) + "\n"
