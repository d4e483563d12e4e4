"""Model cards of a registry: written from what it knows, kept as an artifact, and written anew over what people added.

The cards of all versions of a model are versions of one artifact, ``<model>-card.md``; its front matter says for which
version of the model each is, and of several for one version the newest counts. A version without a card of its own
begins with what people wrote in the card of the version before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory

from tracker import store
from tracker.cards.card import Card, read_facts, write_card
from tracker.cards.sections import card_facts, card_sections
from tracker.comparing.sides import Known
from tracker.deciding.edits import SYNC_WAIT, EditReport
from tracker.deciding.models import ModelVersion, find_version
from tracker.errors import BadRequestError, RegistryNotWritableError, TrackerError, ValueChangedError
from tracker.folders import Folders
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.reading.roles import require
from tracker.store import Stored

MOST_TEXT = 2_000_000
"""Bytes of a card that are read; no card is longer."""


@dataclass(frozen=True, slots=True)
class StoredCard:
    """A card as it was saved."""

    artifact: str
    """``churn-card.md:v4``; empty where none was saved yet."""
    markdown: str


@dataclass(frozen=True, slots=True)
class SavedCard:
    """A card that was saved, and where it is."""

    card: Card
    artifact: str
    path: Path
    report: EditReport


def model_card(registry: Registry, reference: str) -> Card:
    """The card of a model version as of now: what people wrote, and what the registry knows. Nothing is saved.

    Raises:
        ModelNotFoundError: there is no such version.
    """
    known = Known(registry)
    version = find_version(known.models, reference)
    saved = saved_card(registry, version)
    earlier = saved.markdown or _card_before(registry.folders, version)
    return _written(known, version, earlier)


def saved_card(registry: Registry, version: ModelVersion) -> StoredCard:
    """The newest card that was saved for a model version."""
    for stored, text in _cards(registry.folders, version.model):
        if read_facts(text).get("version") == version.version:
            return StoredCard(stored.artifact, text)
    return StoredCard("", "")


def save_card(registry: Registry, reference: str, markdown: str, who: str, seen: str | None = None) -> SavedCard:
    """Save a card that a person completed; what Tracker writes in it is brought up to date.

    A card that says the same as the saved one is not saved again.

    Args:
        reference: the model version, as :func:`tracker.deciding.models.find_version` has it.
        seen: the artifact of the card that the person began with (``""``: there was none); a newer one is not
            written over. None: write in any case.

    Raises:
        PermissionRefusedError: the person is a viewer.
        ModelNotFoundError: there is no such version.
        ValueChangedError: somebody saved a card for this version since.
        BadRequestError: the card says that it is another's, or it is far too long.
        ArtifactPathError, RegistryNotWritableError: it cannot be stored.
    """
    require(registry.folders, who, "card")
    known = Known(registry)
    version = find_version(known.models, reference)
    _require_fit(version, markdown)
    newest = saved_card(registry, version).artifact
    if seen is not None and seen != newest:
        raise ValueChangedError(column="card", key=version.label, seen=seen or "none", current=newest)
    card = _written(known, version, markdown)
    stored = _put(registry.folders, version, card.markdown, who)
    try:
        registry.sync(who=who, program="person", wait=SYNC_WAIT)
    except TrackerError as error:
        report = EditReport(changed=stored.new, in_workbook=False, pending_because=str(error))
    else:
        report = EditReport(changed=stored.new, in_workbook=True)
    return SavedCard(card, stored.artifact, stored.path, report)


def card_name(model: str) -> str:
    """The artifact in which a model's cards are."""
    return store.artifact_name(f"{model}-card.md")


def _written(known: Known, version: ModelVersion, earlier: str) -> Card:
    title = f"Model card: {version.label}"
    return write_card(title, card_facts(known, version), card_sections(known, version), earlier)


def _cards(folders: Folders, model: str) -> Iterator[tuple[Stored, str]]:
    """The saved cards of a model, newest first."""
    for stored in store.versions(folders, card_name(model)):
        try:
            with open(stored.path, "rb") as file:
                text = file.read(MOST_TEXT).decode("utf-8", "replace")
        except OSError:
            continue  # in the trash, or a folder of that name
        if read_facts(text).get("model") == model:
            yield stored, text


def _card_before(folders: Folders, version: ModelVersion) -> str:
    """The card of the nearest version before; empty where none has one."""
    best, found = 0, ""
    for _, text in _cards(folders, version.model):
        number = read_facts(text).get("version")
        if isinstance(number, int) and best < number < version.version:
            best, found = number, text
    return found


def _require_fit(version: ModelVersion, markdown: str) -> None:
    if len(markdown.encode("utf-8", "replace")) > MOST_TEXT:
        raise BadRequestError(reason=f"A card has {MOST_TEXT:,} bytes at most. Nothing was saved.")
    facts = read_facts(markdown)
    model, number = facts.get("model", version.model), facts.get("version", version.version)
    if (model, number) != (version.model, version.version):
        reason = f"This is the card of {model} v{number}, not of {version.label}. Nothing was saved."
        raise BadRequestError(reason=reason)


def _put(folders: Folders, version: ModelVersion, markdown: str, who: str) -> Stored:
    """Store the card, and write its row before it counts."""
    try:
        writer = PendingWriter(folders.pending, who=who, program="person")
    except OSError as error:
        reason, hint = error.strerror or str(error), "Make room or ask for write access, then do it again."
        raise RegistryNotWritableError(path=folders.pending, reason=reason, hint=hint) from error

    def announce(stored: Stored) -> None:
        cells = {
            "name": stored.name,
            "version": stored.version,
            "category": stored.category,
            "kind": stored.kind,
            "path": folders.relative(stored.path),
            "size": stored.size,
            "files": len(stored.files),
            "sha256": stored.sha256,
            "run_id": stored.run_id or None,
            "created": stored.created,
            "created_by": stored.created_by,
            "status": "stored",
        }
        time = stored.created.replace(tzinfo=UTC).timestamp()
        writer.append(Change("artifacts", (stored.artifact,), cells, new=True, time=time, who=who))

    name = card_name(version.model)
    try:
        with TemporaryDirectory(prefix="tracker-") as folder:
            path = Path(folder, name)
            path.write_bytes(markdown.encode("utf-8", "replace"))
            return store.put(
                folders,
                path,
                name,
                run_id=version.run_id,
                who=who,
                category="documentation",
                kind="model card",
                announce=announce,
            )
    finally:
        writer.close()
