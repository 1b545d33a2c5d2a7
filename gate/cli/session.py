"""What one run of gate is made of: the policy, the settings, the engine, the judge, and what they rest on.

This is the one place that puts the parts together; the clock and the environment are read here and handed down.
"""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from gate import settings as settings_of
from gate.bundle.load import Bundle
from gate.bundle.load import load as load_bundle
from gate.errors import LockError, StoreError, UsageError
from gate.exemptions import Exemptions
from gate.finding import Inputs
from gate.judge import Judge
from gate.report import plain
from gate.settings import Settings
from gate.settings.environ import Variables
from gate.settings.environ import read as read_variables
from gate.settings.files import UnreadableError, read_regular

if TYPE_CHECKING:
    from gate.cli.images import Images
    from gate.engine.choice import Server
    from gate.engine.protocol import Engine
    from gate.evidence.bases import BaseLookup
    from gate.evidence.image.bounds import Bounds
    from gate.evidence.image.online import OnlineLookup
    from gate.lock import Lock
    from gate.remembered import Remembered
    from gate.store import FileStore

LARGEST_LOCK = 32 << 20
LARGEST_BASELINE = 256 << 20
DEFAULT_PLATFORM = "linux/amd64"


class Asked(NamedTuple):
    """The options of a command that judges; None where nothing was said."""

    config: str | None = None
    env: str | None = None
    policies: tuple[str, ...] = ()
    engine: Literal["auto", "regorus", "opa"] = "auto"
    opa_url: str | None = None
    opa_token_file: str | None = None
    opa_ca: str | None = None
    opa_cert: str | None = None
    opa_key: str | None = None
    target: str | None = None
    build_args: tuple[tuple[str, str], ...] = ()
    build_contexts: tuple[tuple[str, str], ...] = ()
    platform: str | None = None
    online: bool = False
    offline: bool = False
    today: datetime.date | None = None
    baseline: str | None = None
    against: str | None = None


class Session:
    """One run. Nothing here is built before it is needed: a run whose answers are cached starts no engine."""

    def __init__(
        self, asked: Asked, variables: Variables, *, cwd: Path, environ: Mapping[str, str], cached: bool = False
    ) -> None:
        """``cached``: remember results between runs."""
        self.asked = asked
        self.variables = variables
        self.cwd = cwd
        self.environ = dict(environ)
        self.cached = cached
        self.today = asked.today or datetime.datetime.now(datetime.UTC).date()
        self.bundle: Bundle = load_bundle([Path(folder) for folder in asked.policies])
        path = asked.config or variables.config
        self.settings: Settings = settings_of.load(
            start=cwd,
            catalogue=self.bundle.catalogue,
            defaults=self.bundle.defaults,
            path=_config(path, cwd) if path else None,
        )
        self.root = self.settings.written.root
        self.environment = self.settings.named(asked.env or variables.env)
        self.exemptions = Exemptions(self.settings.written.exemptions, self.today)
        self._engine: Engine | None = None
        self._judge: Judge | None = None
        self._bases: BaseLookup | None = None
        self._lock: tuple[Lock, str] | None = None
        self._lock_read = False
        self._stdin: bytes | None = None
        self._baseline: tuple[frozenset[str], str | None] | None = None
        self._memory: Remembered | None = None
        self._store: FileStore | None = None
        self._images: Images | None = None
        self._online: OnlineLookup | None = None

    @property
    def engine_name(self) -> str:
        """The engine that answers, without starting it."""
        if self._engine is not None:
            return self._engine.name
        if self.asked.engine != "auto":
            return self.asked.engine
        return "opa" if self._opa_url else "regorus"

    @property
    def engine(self) -> Engine:
        """The engine, started when first asked for; raises `EngineError` and `PolicyError`."""
        if self._engine is None:
            from gate.engine import choose
            from gate.engine.paths import Typed

            self._engine = choose(
                self.asked.engine,
                modules=self.bundle.modules,
                revision=self.bundle.revision,
                custom=self.bundle.custom_modules,
                builtins=self.bundle.builtins,
                capabilities=self.bundle.capabilities,
                triggers=self.bundle.triggers,
                typed=Typed(self.bundle.native, self.bundle.schema) if self.bundle.native else None,
                server=self._server(),
                opa=_program("opa"),
            )
        return self._engine

    @property
    def judge(self) -> Judge:
        """The judge over this run's policy, settings, exemptions and baseline."""
        if self._judge is None:
            self._judge = Judge(
                catalogue=self.bundle.catalogue,
                engine=self.engine,
                settings=self.settings,
                exemptions=self.exemptions,
                baseline=self.baseline,
                in_parts=True,
            )
        return self._judge

    @property
    def baseline(self) -> frozenset[str]:
        """The fingerprints of the report that --baseline names; raises `UsageError`."""
        return self._read_baseline()[0]

    @property
    def stdin(self) -> bytes:
        """All of standard input, read once."""
        if self._stdin is None:
            self._stdin = read_stdin()
        return self._stdin

    @property
    def offline(self) -> bool:
        """Whether nobody may be asked: --offline, or GATE_OFFLINE without --online."""
        return self.asked.offline or (bool(self.variables.offline) and not self.asked.online)

    @property
    def images(self) -> Images:
        """What reads images."""
        if self._images is None:
            from gate.cli.images import Images

            self._images = Images(self)
        return self._images

    @property
    def bounds(self) -> Bounds:
        """How much of an image is read at most."""
        from gate.evidence.image.bounds import bounds_of

        return bounds_of(self.settings.written.limits)

    @property
    def store(self) -> FileStore | None:
        """Where what is costly to find out is kept, or None where nothing is to be kept."""
        folder = cache_folder(self.variables, self.environ) if self.cached and self._store is None else None
        if folder is not None:
            from gate.store import FileStore

            try:
                self._store = FileStore(folder)
            except StoreError:
                self.cached = False
        return self._store

    @property
    def memory(self) -> Remembered | None:
        """Results of earlier runs, or None where nothing is to be remembered; what registries said is asked anew."""
        if self._memory is None and self.cached and not self.asked.online:
            self._memory = self._remember()
        return self._memory

    @property
    def lock(self) -> tuple[Lock, str] | None:
        """gate.lock beside gate.yaml with its digest, or None where there is none; raises `LockError`."""
        if not self._lock_read:
            path = self.root / "gate.lock"
            try:
                data = read_regular(path, LARGEST_LOCK)
            except UnreadableError as error:
                if not error.missing:
                    raise LockError(f"cannot be read: {error}", where=str(path)) from None
            else:
                import hashlib

                from gate import lock

                self._lock = lock.load(data, str(path)), "sha256:" + hashlib.sha256(data).hexdigest()
            self._lock_read = True
        return self._lock

    @property
    def bases(self) -> BaseLookup:
        """What is known of base images: gate.lock first, then the tables."""
        if self._bases is None:
            from gate.evidence.bases import ChainLookup, LockLookup, TableLookup

            table = TableLookup(self.settings.written.known_bases)
            lock = LockLookup(self.lock[0]) if self.lock else None
            sources = [lock, self._registries(lock), table]
            self._bases = ChainLookup([each for each in sources if each is not None])
        return self._bases

    def inputs(self) -> Inputs:
        """What this run rests on."""
        from gate.evidence.bases import table_digest

        return Inputs(
            settings=self.settings.written.digest,
            lock=self.lock[1] if self.lock else None,
            known_bases=table_digest(),
            build_args=_redacted(self.asked.build_args),
            build_contexts=_contexts(self.asked.build_contexts),
            target=self.asked.target,
            platform=self.asked.platform or DEFAULT_PLATFORM,
            today=self.today.isoformat(),
        )

    def all_build_args(self) -> list[tuple[str, str]]:
        """Every build argument that may show in a report: the options' and those of gate.yaml's builds."""
        builds = self.settings.written.builds
        return [*self.asked.build_args, *(pair for build in builds for pair in build.args.items())]

    def close(self) -> None:
        """End the engine, if it was started, the connections, and the store."""
        if self._images is not None:
            self._images.close()
            self._images = None
        if self._online is not None:
            self._online.close()
            for problem in self._online.problems:
                print(f"gate: not asked: {plain.line(problem)}", file=sys.stderr)
            self._online = None
        if self._store is not None:
            self._store.close()
            self._store = None
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _registries(self, lock: BaseLookup | None) -> BaseLookup | None:
        """With --online: the registries that gate.yaml names, for what the lock does not have."""
        if not self.asked.online:
            return None
        from gate.cli.images import make_sources
        from gate.evidence.image.online import OnlineLookup

        hosts = frozenset(row.host for row in self.settings.written.registries)
        self._online = OnlineLookup(
            lambda: make_sources(self),
            hosts=hosts,
            today=self.today,
            store=self.store,
            limits=self.bounds.image,
            unless=lock,
        )
        return self._online

    def _remember(self) -> Remembered | None:
        from gate import __version__
        from gate.evidence.bases import table_digest
        from gate.remembered import Remembered, Scope

        store = self.store
        if store is None:
            self.cached = False
            return None
        scope = Scope(
            gate=__version__,
            revision=self.bundle.revision,
            engine=self.engine_name,
            environment=self.environment if self.asked.env or self.variables.env else None,
            today=self.today.isoformat(),
            platform=self.asked.platform or "",
            settings=self.settings.written.digest,
            lock=self.lock[1] if self.lock else None,
            known_bases=table_digest(),
            baseline=self._read_baseline()[1],
            target=self.asked.target,
            build_args=dict(self.asked.build_args),
            build_contexts=dict(self.asked.build_contexts),
        )
        return Remembered(store, scope)

    def _read_baseline(self) -> tuple[frozenset[str], str | None]:
        """The fingerprints and the digest of the baseline."""
        if self._baseline is None:
            path = self.asked.baseline
            if path is None:
                self._baseline = frozenset(), None
            else:
                import hashlib

                from gate import verdict

                try:
                    data = read_regular(self.cwd / path, LARGEST_BASELINE)
                except UnreadableError as error:
                    raise UsageError(f"cannot be read: {error}", where=path) from None
                self._baseline = verdict.baseline(data, path), hashlib.sha256(data).hexdigest()
        return self._baseline

    @property
    def _opa_url(self) -> str | None:
        return self.asked.opa_url or (self.variables.opa_url if self.asked.engine != "regorus" else None)

    def _server(self) -> Server | None:
        url = self._opa_url
        if url is None:
            return None
        from gate.engine.choice import Server

        asked = self.asked
        return Server(
            url,
            token=self._token(),
            ca=Path(asked.opa_ca) if asked.opa_ca else None,
            certificate=Path(asked.opa_cert) if asked.opa_cert else None,
            key=Path(asked.opa_key) if asked.opa_key else None,
        )

    def _token(self) -> str | None:
        file = self.asked.opa_token_file
        if file is None:
            return self.environ.get("GATE_OPA_TOKEN") or None
        try:
            return read_regular(Path(file), 64 << 10).decode("ascii").strip()
        except (UnreadableError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot be read: {error}", where=file) from None


def open_session(asked: Asked, *, cached: bool = False) -> Session:
    """The session of this process."""
    try:
        cwd = Path.cwd()
    except OSError as error:
        raise UsageError(f"the working directory is not there any more: {error.strerror}") from None
    return Session(asked, variables(), cwd=cwd, environ=os.environ, cached=cached)


def variables() -> Variables:
    """The GATE_* variables of this process."""
    return read_variables(os.environ)


def cache_folder(variables: Variables, environ: Mapping[str, str]) -> Path | None:
    """Where results are remembered: GATE_CACHE_DIR, else gate's folder in the user's cache; None without a home."""
    if variables.cache_dir:
        return Path(variables.cache_dir)
    base = environ.get("XDG_CACHE_HOME") or ""
    if Path(base).is_absolute():
        return Path(base) / "gate"
    home = environ.get("HOME") or ""
    return Path(home) / ".cache" / "gate" if Path(home).is_absolute() else None


def read_stdin() -> bytes:
    """All of standard input, bounded; raises `UsageError` where a person sits at it."""
    from gate.target import LARGEST_MANIFEST

    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError('"-" reads standard input, and nothing is piped into it', hint="gate check - < Dockerfile")
    data = sys.stdin.buffer.read(LARGEST_MANIFEST + 1)
    if len(data) > LARGEST_MANIFEST:
        raise UsageError(f"standard input is larger than {LARGEST_MANIFEST} bytes")
    return data


def _config(path: str, cwd: Path) -> Path:
    return cwd / path


def _program(name: str) -> str | None:
    """The path of a program on PATH."""
    import shutil

    return shutil.which(name)


def _contexts(given: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Named contexts, without what URLs say of their users."""
    if not given:
        return {}
    from gate.evidence.dockerfile.contexts import contexts_of

    return {name: context.shown for name, context in contexts_of(given).items()}


def _redacted(arguments: tuple[tuple[str, str], ...]) -> dict[str, str]:
    if not arguments:
        return {}
    from gate.cli.secrets import redacted

    return redacted(dict(arguments))
