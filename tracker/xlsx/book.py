"""The parts of a workbook and how they hang together: sheets, tables, styles, strings, names, properties."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from tracker.xlsx import properties
from tracker.xlsx.cells import CellReader
from tracker.xlsx.package import Package
from tracker.xlsx.segments import Layout
from tracker.xlsx.sheet import Sheet
from tracker.xlsx.strings import SharedStrings
from tracker.xlsx.styles import Styles
from tracker.xlsx.table_part import TablePart, parse_table
from tracker.xlsx.xml import (
    UnpatchablePart,
    attributes,
    check_patchable,
    local_attributes,
    root_prefix,
    set_attribute,
    tag_pattern,
    unescape,
)


@dataclass(frozen=True, slots=True)
class Relation:
    """One relationship of a part: its type's last word (``worksheet``, ``table`` …) and the part it leads to."""

    id: str
    kind: str
    target: str


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """One worksheet as the workbook lists it."""

    name: str
    part: str


@dataclass(frozen=True, slots=True)
class TableEntry:
    """One table: its part, the sheet it stands on, and what its part says."""

    part: str
    sheet: SheetEntry
    info: TablePart


class Book:
    """An open workbook. Parts are read when they are needed; changes are collected in the package.

    Raises:
        UnpatchablePart, DamagedPackage: where a part that is needed cannot be understood.
    """

    def __init__(self, package: Package, layouts: Mapping[str, Layout] | None = None) -> None:
        self.package = package
        self._layouts = layouts or {}
        self._sheets: dict[str, Sheet] = {}
        self._styles: Styles | None = None
        mains = [relation for relation in self.relations("") if relation.kind == "officeDocument"]
        if not mains or package.find(mains[0].target) is None:
            raise UnpatchablePart("it has no workbook part")
        self.part = mains[0].target
        self.xml = package.read(self.part)
        check_patchable(self.xml, "the workbook part")
        self.prefix = root_prefix(self.xml, "workbook")
        self._targets = {relation.id: relation for relation in self.relations(self.part)}
        for relation in self._targets.values():
            if relation.kind in ("sharedStrings", "styles") and package.find(relation.target) is None:
                raise UnpatchablePart(f"its part {relation.target} is missing")

    # -- what there is ------------------------------------------------------------------------------------------

    @cached_property
    def sheets(self) -> list[SheetEntry]:
        """The worksheets (not chart sheets or dialogs), in tab order."""
        entries = []
        for tag in tag_pattern(self.prefix, b"sheet").findall(self.xml):
            found = attributes(tag)
            ids = [value for name, value in found.items() if name.endswith(":id")]
            relation = self._targets.get(ids[0]) if ids else None
            if relation is not None and relation.kind == "worksheet" and self.package.find(relation.target):
                entries.append(SheetEntry(found.get("name", ""), relation.target))
        return entries

    @cached_property
    def tables(self) -> dict[str, TableEntry]:
        """The tables by lower-case name."""
        found = {}
        for sheet in self.sheets:
            for relation in self.relations(sheet.part):
                if relation.kind == "table" and self.package.find(relation.target):
                    info = parse_table(self.package.read(relation.target))
                    found[info.name.lower()] = TableEntry(relation.target, sheet, info)
        return found

    def set_table(self, entry: TableEntry, xml: bytes) -> TableEntry:
        """Replace a table's part; gives its new entry."""
        self.package.set(entry.part, xml)
        fresh = TableEntry(entry.part, entry.sheet, parse_table(xml))
        self.tables[fresh.info.name.lower()] = fresh
        return fresh

    def sheet(self, part: str) -> Sheet:
        """The rows of a worksheet."""
        if part not in self._sheets:
            name = self.package.find(part) or part
            self._sheets[part] = Sheet(self.package, name, self._layouts.get(name))
        return self._sheets[part]

    @property
    def open_sheets(self) -> Mapping[str, Sheet]:
        """The worksheets that were looked at so far, by part name."""
        return self._sheets

    @cached_property
    def date1904(self) -> bool:
        """Whether dates count from 1904, as old Macintosh workbooks do."""
        tags = tag_pattern(self.prefix, b"workbookPr").findall(self.xml)
        return bool(tags) and attributes(tags[0]).get("date1904", "0") in ("1", "true")

    @property
    def styles(self) -> Styles | None:
        """The cell formats; None where the workbook has no styles part."""
        if self._styles is None:
            part = self._part_of_kind("styles")
            self._styles = Styles(self.package.read(part)) if part else None
        return self._styles

    @cached_property
    def strings(self) -> SharedStrings:
        """The shared strings."""
        part = self._part_of_kind("sharedStrings")
        return SharedStrings(self.package.read(part) if part else b"<sst/>")

    def reader(self, sheet: Sheet) -> CellReader:
        """What tells the values of this sheet's cells."""
        styles = self.styles
        is_date = styles.is_date if styles else lambda style: False
        return CellReader(lambda index: self.strings[index], is_date, self.date1904, sheet.prefix)

    def refuse_unwritable(self) -> None:
        """Raise UnpatchablePart for workbooks that any change would break."""
        for name in self.package.names():
            lower = name.lower()
            if lower.startswith("_xmlsignatures/"):
                raise UnpatchablePart("it is digitally signed, and any change would break the signature")
            if "/revisions/" in lower:
                raise UnpatchablePart("it is in Excel's old shared-workbook mode, which keeps a log of its own")

    # -- relations, content types, names ------------------------------------------------------------------------

    def relations(self, part: str) -> list[Relation]:
        """The internal relationships of a part (of the package itself for ``""``)."""
        folder, name = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        if self.package.find(rels) is None:
            return []
        return [
            Relation(relation.id, relation.kind, self.package.find(relation.target) or relation.target)
            for relation in _relations(self.package.read(rels), rels, folder)
        ]

    def drop_calc_chain(self) -> None:
        """Leave out the calculation chain, which Excel makes anew; it must not name a cell whose formula moved."""
        part = self._part_of_kind("calcChain")
        if part is None:
            return
        self.package.remove(part)
        folder, name = posixpath.split(self.part)
        rels = self.package.find(posixpath.join(folder, "_rels", f"{name}.rels")) or ""
        self.package.set(rels, _without(self.package.read(rels), b"Relationship", "Type", "/calcChain"))
        types = self.package.find("[Content_Types].xml") or ""
        self.package.set(types, _without(self.package.read(types), b"Override", "PartName", part.rpartition("/")[2]))

    def defined_names(self) -> list[tuple[re.Match[bytes], str]]:
        """Every defined name: its match in the workbook part (groups: tag, text), and the sheet it is local to."""
        p = re.escape(self.prefix)
        pattern = re.compile(rb"(<" + p + rb"""definedName(?=\s)(?:[^>"']|"[^"]*"|'[^']*')*>)([^<]*)(?=</)""")
        sheets = tag_pattern(self.prefix, b"sheet").findall(self.xml)
        names = [attributes(tag).get("name", "") for tag in sheets]
        found = []
        for match in pattern.finditer(self.xml):
            local = attributes(match[1]).get("localSheetId", "")
            sheet = names[int(local)] if local.isdigit() and int(local) < len(names) else ""
            found.append((match, sheet))
        return found

    def set_workbook_xml(self, xml: bytes) -> None:
        """Replace the workbook part."""
        self.xml = xml
        self.package.set(self.part, xml)

    def ask_for_recalculation(self) -> None:
        """Tell Excel to compute everything when it opens the workbook."""
        tags = tag_pattern(self.prefix, b"calcPr").findall(self.xml)
        if tags:
            tag = set_attribute(tags[0], "fullCalcOnLoad", "1")
            if tag != tags[0]:
                self.set_workbook_xml(self.xml.replace(tags[0], tag, 1))
            return
        # calcPr follows definedNames (or, without any, what comes before them) in the schema's order.
        for name in (b"definedNames", b"externalReferences", b"functionGroups", b"sheets"):
            at = self.xml.find(b"</%s%s>" % (self.prefix, name))
            if at >= 0:
                end = self.xml.find(b">", at) + 1
                element = b'<%scalcPr fullCalcOnLoad="1"/>' % self.prefix
                self.set_workbook_xml(self.xml[:end] + element + self.xml[end:])
                return

    @property
    def last_modified_by(self) -> str:
        """Who saved the workbook last, as the core properties have it."""
        return self.document_property("core-properties", b"lastModifiedBy")

    def document_property(self, kind: str, element: bytes) -> str:
        """A text in the ``core-properties`` or ``extended-properties``; empty where there is none."""
        parts = [relation.target for relation in self.relations("") if relation.kind == kind]
        part = self.package.find(parts[0]) if parts else None
        found = re.search(rb"%b[^>]*>([^<]*)<" % element, self.package.read(part)) if part else None
        return unescape(found[1].decode("utf-8", "replace")).strip() if found else ""

    # -- the stamp ----------------------------------------------------------------------------------------------

    def get_property(self, name: str) -> str | None:
        """A custom document property's text."""
        part = self._properties_part()
        return properties.get_property(self.package.read(part), name) if part else None

    def set_property(self, name: str, value: str) -> None:
        """Set a custom document property; makes the part where the workbook has none."""
        part = self._properties_part()
        if part is None:
            part = properties.PART
            self.package.set(part, properties.EMPTY)
            self.add_relation("", properties.RELATIONSHIP, part)
            self.add_content_type(part, properties.CONTENT_TYPE)
        self.package.set(part, properties.set_property(self.package.read(part), name, value))

    def _properties_part(self) -> str | None:
        parts = [relation.target for relation in self.relations("") if relation.kind == "custom-properties"]
        return self.package.find(parts[0]) if parts else None

    def _part_of_kind(self, kind: str) -> str | None:
        parts = [relation.target for relation in self._targets.values() if relation.kind == kind]
        return self.package.find(parts[0]) if parts else None

    def add_relation(self, part: str, kind: str, target: str) -> str:
        """Let a part (the package itself for ``""``) refer to another one; gives the relationship's id."""
        folder, name = posixpath.split(part)
        wanted = posixpath.join(folder, "_rels", f"{name}.rels")
        rels = self.package.find(wanted) or wanted
        xml = self.package.read(rels) if self.package.find(rels) else _NO_RELATIONS
        taken = {relation.id for relation in self.relations(part)}
        number = next(n for n in range(1, 100_000) if f"rId{n}" not in taken and f'"rId{n}"'.encode() not in xml)
        prefix = root_prefix(xml, "Relationships")
        # Excel wants the target of the package's own relationships without a slash at its beginning.
        to = f"/{target}" if part else target
        element = f'Relationship Id="rId{number}" Type="{kind}" Target="{to}"/>'.encode()
        end = xml.rfind(b"</%sRelationships" % prefix)
        if end < 0:
            opening = tag_pattern(prefix, b"Relationships").search(xml)
            if opening is None or not opening[0].endswith(b"/>"):
                raise UnpatchablePart(f"the relationships {rels} have no end")
            xml = xml[: opening.start()] + opening[0][:-2] + b"></%sRelationships>" % prefix + xml[opening.end() :]
            end = xml.rfind(b"</%sRelationships" % prefix)
        self.package.set(rels, xml[:end] + b"<" + prefix + element + xml[end:])
        self._declare_relations(rels)
        return f"rId{number}"

    def _declare_relations(self, rels: str) -> None:
        """Say what a part of relationships is, where the workbook has no rule for all of them."""
        types = self.package.read(self.package.find("[Content_Types].xml") or "")
        rules = tag_pattern(root_prefix(types, "Types"), b"Default").findall(types)
        if not any(attributes(rule).get("Extension", "").lower() == "rels" for rule in rules):
            self.add_content_type(rels, _RELATIONS_TYPE)

    def free_part(self, pattern: str) -> str:
        """A part name that nothing has yet: the pattern with the first free number."""
        number = 1
        while self.package.find(pattern % number):
            number += 1
        return pattern % number

    def found_sheet(self, name: str) -> SheetEntry:
        """A worksheet by its name, looked up anew. Raises KeyError where there is none."""
        self.__dict__.pop("sheets", None)
        self._targets = {relation.id: relation for relation in self.relations(self.part)}
        for sheet in self.sheets:
            if sheet.name == name:
                return sheet
        raise KeyError(name)

    def add_content_type(self, part: str, content_type: str) -> None:
        """Say of what kind a part is."""
        name = self.package.find("[Content_Types].xml")
        if name is None:
            raise UnpatchablePart("it has no [Content_Types].xml")
        xml = self.package.read(name)
        prefix = root_prefix(xml, "Types")
        if f'"/{part}"'.encode() in xml:
            return
        element = f'Override PartName="/{part}" ContentType="{content_type}"/>'.encode()
        end = xml.rfind(b"</%sTypes" % prefix)
        self.package.set(name, xml[:end] + b"<" + prefix + element + xml[end:])

    def finish(self) -> dict[str, Layout]:
        """Put every changed part into the package; gives the layouts of the sheets that were written in segments."""
        if self._styles is not None:
            part = self._part_of_kind("styles")
            if part and self._styles.changed:
                self.package.set(part, self._styles.xml)
        layouts = {name: layout for name, layout in self._layouts.items() if layout.fits(self.package, name)}
        for sheet in self._sheets.values():
            if sheet.changed:
                content, layout = sheet.encode()
                self.package.set(sheet.part, content)
                layouts.pop(sheet.part, None)
                if layout is not None:
                    layouts[sheet.part] = layout
        return layouts


_RELATIONS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"
_NO_RELATIONS = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
)


@lru_cache(maxsize=512)  # a process opens the same workbook again and again
def _relations(xml: bytes, rels: str, folder: str) -> tuple[Relation, ...]:
    """The internal relationships in a part of them; targets are paths from the root, spelt as they stand there."""
    check_patchable(xml, f"the relationships {rels}")
    prefix = root_prefix(xml, "Relationships")
    found = []
    for tag in tag_pattern(prefix, b"Relationship").findall(xml):
        values = local_attributes(tag)
        if values.get("TargetMode") == "External" or "Target" not in values:
            continue
        target = values["Target"].replace("\\", "/")
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        found.append(Relation(values.get("Id", ""), values.get("Type", "").rpartition("/")[2], path))
    return tuple(found)


def _without(xml: bytes, element: bytes, attribute: str, ending: str) -> bytes:
    """The part without the elements whose attribute has this ending."""
    for match in re.finditer(rb"<(?:[\w.-]+:)?" + element + rb"(?=\s)[^>]*?(?:/>|></[^>]*>)", xml):
        if attributes(match[0]).get(attribute, "").endswith(ending):
            return xml[: match.start()] + xml[match.end() :]
    return xml
