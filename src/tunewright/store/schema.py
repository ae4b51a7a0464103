"""The tables of the project state and of the user's ledger, as queries see them.

How they came to be is in ``migrations.py``; a test holds the two together. Keyed hashes, labels and answers are stored;
the text of a row stands in ``row_blobs`` and ``decision_texts`` alone, where erasing it reaches it.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class AnyText(TypeDecorator[str]):
    """Text that may hold lone surrogates (answers of models and names of files do); those are kept as bytes."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | bytes | None:
        if value is None:
            return None
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "surrogatepass")
        return value

    def process_result_value(self, value: str | bytes | None, dialect: Dialect) -> str | None:
        return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


settings = Table("settings", metadata, Column("name", Text, primary_key=True), Column("value", Text))

runs = Table(
    "runs",
    metadata,
    Column("run", Text, primary_key=True),
    Column("begin_order", Integer),
    Column("finish_order", Integer),
    Column("command", AnyText),
    Column("begun", Text),
    Column("state", Text),
    Column("manifest", Text),
    Column("host", Text),
    Column("pid", Integer),
)

# One register is one list of rows, stored once however many runs used it.
registers = Table("registers", metadata, Column("number", Integer, primary_key=True), Column("digest", Text))
run_registers = Table(
    "run_registers",
    metadata,
    Column("run", Text, primary_key=True),
    Column("register", Integer, ForeignKey("registers.number"), primary_key=True),
)
registered_rows = Table(
    "registered_rows",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("register", Integer, ForeignKey("registers.number")),
    Column("row_key", Text),
    Column("input_key", Text),
    Column("row_id", AnyText),
    Column("source", AnyText),
    Column("part", Text),
)

sides = Table(
    "sides",
    metadata,
    Column("split_key", Text, primary_key=True),
    Column("input_key", Text, primary_key=True),
    Column("side", Text),
)

# ``members`` holds the sorted keys of 16 bytes each, end to end.
row_sets = Table(
    "row_sets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("members", LargeBinary),
    Column("created", Float),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", Text),
    Column("folder", Text),
    Column("row_set", Text, ForeignKey("row_sets.id")),
    Column("meta", Text),
    Column("files", Text),
    Column("n_bytes", Integer),
    Column("last_used", Float),
)
run_artifacts = Table(
    "run_artifacts",
    metadata,
    Column("run", Text, primary_key=True),
    Column("artifact", Text, primary_key=True),
)
run_files = Table(
    "run_files",
    metadata,
    Column("run", Text, primary_key=True),
    Column("path", AnyText, primary_key=True),
    Column("row_set", Text, ForeignKey("row_sets.id"), primary_key=True),
)

cache_keys = Table(
    "cache_keys",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("key", Text),
    Column("kind", Text),
    Column("label", AnyText),
    Column("parts", Text),
)

leases = Table(
    "leases",
    metadata,
    Column("key", Text, primary_key=True),
    Column("token", Text),
    Column("host", Text),
    Column("pid", Integer),
    Column("expires", Float),
)

score_rows = Table(
    "score_rows",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("fit_key", Text),
    Column("row_key", Text),
    Column("part", Text),
    Column("repetition", Integer),
    Column("attempt", Integer),
    Column("status", Text),
    Column("score", Float),
    Column("answer", AnyText),
    Column("confidence", Float),
    Column("detail", AnyText),
    Column("spent", Text),
    Column("trace", AnyText),
    Column("parts", AnyText),
)

erasures = Table(
    "erasures",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("row_key", Text),
    Column("input_key", Text),
    Column("event", Text),
    Column("happened", Text),
)

# The same table stands in the project state and in the ledger of the user.
test_uses = Table(
    "test_uses",
    metadata,
    Column("test_hash", Text, primary_key=True),
    Column("predictions_hash", Text, primary_key=True),
    Column("margins_hash", Text, primary_key=True),
    Column("run", Text),
    Column("happened", Text),
)

# The cases of each used test set, as sorted keys of 16 bytes each, end to end; in the state and in the ledger.
test_members = Table(
    "test_members",
    metadata,
    Column("test_hash", Text, primary_key=True),
    Column("members", LargeBinary),
)

# A row of dataset versions, once however many hold it: ``row`` is the keyed hash of its content, tags included.
row_blobs = Table(
    "row_blobs",
    metadata,
    Column("row", Text, primary_key=True),
    Column("row_key", Text),
    Column("input_key", Text),
    Column("content", LargeBinary),
)
dataset_versions = Table(
    "dataset_versions",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("hash", Text),
    Column("rows_hash", Text),
    Column("parent", Text),
    Column("created", Text),
    Column("n_rows", Integer),
    Column("source", AnyText),
    Column("about", Text),
)
version_rows = Table(
    "version_rows",
    metadata,
    Column("version", Integer, ForeignKey("dataset_versions.number"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("row", Text),
    Column("row_key", Text),
    Column("row_id", AnyText),
    Column("source", AnyText),
)
# Hashes alone: what a row was before an edit and what it is since; ``after`` is empty where it was left out.
version_edits = Table(
    "version_edits",
    metadata,
    Column("version", Integer, ForeignKey("dataset_versions.number"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("before", Text),
    Column("after", Text),
    Column("before_key", Text),
    Column("after_key", Text),
    Column("action", Text),
    Column("decision", Integer),
)

# The ledger of decisions holds hashes; what was written by the person or into the row stands in ``decision_texts``.
decisions = Table(
    "decisions",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("row", Text),
    Column("row_key", Text),
    Column("finding", Text),
    Column("action", Text),
    Column("who", AnyText),
    Column("happened", Text),
    Column("seconds", Float),
    Column("undoes", Integer),
)
decision_texts = Table(
    "decision_texts",
    metadata,
    Column("decision", Integer, ForeignKey("decisions.number"), primary_key=True),
    Column("content", LargeBinary),
)

audits = Table(
    "audits",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("rows_hash", Text),
    Column("n_rows", Integer),
    Column("happened", Text),
    Column("summary", Text),
)
# What the latest look at each row saw that needs a decision; another look replaces it.
open_sightings = Table(
    "open_sightings",
    metadata,
    Column("row", Text, primary_key=True),
    Column("finding", Text, primary_key=True),
    Column("audit", Integer, ForeignKey("audits.number")),
)
# ``members`` holds the sorted hashes of the rows approved, 16 bytes each, end to end.
approvals = Table(
    "approvals",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("finding", Text),
    Column("rows_hash", Text),
    Column("members", LargeBinary),
    Column("who", AnyText),
    Column("reason", AnyText),
    Column("happened", Text),
)

# ``reply`` is a reply as JSON; its key is the keyed hash of the backend's identity and the request.
replies = Table("replies", metadata, Column("key", Text, primary_key=True), Column("reply", AnyText))
reply_owners = Table(
    "reply_owners",
    metadata,
    Column("reply", Text, primary_key=True),
    Column("input_key", Text, primary_key=True),
)

subjects = Table(
    "subjects",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("row_key", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
)
