"""The file of a transcript: private, append-only, bounded, and readable whatever happens to it."""

from __future__ import annotations

import json
import os
import stat
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.errors import ReplayMismatch, UsageError
from filebridge.transports import transcript as transcripts
from filebridge.transports.transcript import Transcript, TranscriptWarning, read_transcript


def kept(path):
    return [(record.direction, record.data) for record in read_transcript(path)]


def test_the_file_is_text_for_its_owner_alone(tmp_path):
    with_mask = os.umask(0)
    try:
        transcript = Transcript.create(tmp_path / "new" / "folder", "Wump", 2, 7, ["wump", "-x"])
    finally:
        os.umask(with_mask)
    transcript.add("sent", b'say "\xe9"\n')
    transcript.close()
    assert transcript.path == tmp_path / "new" / "folder" / "Wump-seat2-episode7.jsonl"
    assert stat.S_IMODE(transcript.path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700
    header, line = transcript.path.read_text("ascii").splitlines()
    known = json.loads(header)
    assert known.pop("date").startswith("20")
    assert known == {
        "filebridge_transcript": 1, "simulator": "Wump", "seat": 2, "episode": 7, "command": ["wump", "-x"],
    }  # fmt: skip
    assert line.endswith(r', "sent": "say \"\u00e9\"\n"}')


def test_a_transcript_never_replaces_another(tmp_path):
    made = [Transcript.create(tmp_path, "Wump", 0, 1, []) for _ in range(3)]
    for transcript in made:
        transcript.close()
        transcript.close()
    assert [transcript.path.name for transcript in made] == [
        "Wump-seat0-episode1.jsonl", "Wump-seat0-episode1-2.jsonl", "Wump-seat0-episode1-3.jsonl",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="cannot be created\n  found: File exists"):
        Transcript(made[0].path)


@pytest.mark.parametrize("folder", ["file", "file/under"])
def test_a_folder_that_cannot_be_is_said_at_once(tmp_path, folder):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"the transcript .*file.* cannot be created\n  found: .*\n  cure: name a"):
        Transcript.create(tmp_path / folder, "Wump", 0, 1, [])


def test_a_record_that_was_written_in_part_is_the_last(tmp_path, monkeypatch):
    transcript = Transcript(tmp_path / "t")
    transcript.add("sent", b"one")
    write = os.write
    monkeypatch.setattr(transcripts.os, "write", lambda descriptor, data: write(descriptor, data[:9]))
    with pytest.warns(TranscriptWarning, match="the disk is full"):
        transcript.add("sent", b"two")
    transcript.add("sent", b"three")
    assert kept(tmp_path / "t") == [("sent", b"one")]


def test_recording_ends_at_its_limit(tmp_path):
    transcript = Transcript(tmp_path / "t", limit=300)
    transcript.add("received", b"x" * 100)
    with pytest.warns(TranscriptWarning, match="reached its limit in size"):
        transcript.add("received", b"y" * 100)
    transcript.add("sent", b"z")
    transcript.close()
    assert kept(tmp_path / "t") == [("received", b"x" * 100)]
    assert (tmp_path / "t").stat().st_size <= 300


def test_a_forked_copy_writes_nothing(tmp_path, monkeypatch):
    transcript = Transcript(tmp_path / "t")
    monkeypatch.setattr(transcripts.os, "getpid", lambda: -1)
    transcript.add("sent", b"from the child")
    transcript.close()
    assert kept(tmp_path / "t") == []


def test_what_is_large_becomes_several_records(tmp_path):
    data = bytes(range(256)) * 1000
    transcript = Transcript(tmp_path / "t")
    transcript.add("sent", data)
    transcript.close()
    assert [len(piece) for _, piece in kept(tmp_path / "t")] == [65536, 65536, 65536, 59392]
    assert b"".join(piece for _, piece in kept(tmp_path / "t")) == data


PIECES = st.lists(st.tuples(st.sampled_from(["sent", "received"]), st.binary(max_size=40)), max_size=8)


@given(pieces=PIECES, cut=st.integers(0, 2000))
def test_a_torn_file_is_read_up_to_its_last_whole_record(tmp_path_factory, pieces, cut):
    path = tmp_path_factory.mktemp("torn") / "t"
    transcript = Transcript(path)
    for direction, data in pieces:
        transcript.add(direction, data)
    transcript.close()
    assert kept(path) == pieces
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    if b"\n" in whole[:cut] or cut == 0:
        assert kept(path) == pieces[: max(0, whole[:cut].count(b"\n") - 1)]


@pytest.mark.parametrize(
    "line",
    [
        "", "null", "[]", "{}", '{"t": 1}', "\x00", '{"t": "1", "sent": ""}',
        '{"t": 1, "sent": 5}', '{"t": 1, "sent": "\\u0100"}',
        '{"t": 1, "said": ""}', '{"t": 1, "sent": "", "received": ""}', '{"t": 1e999, "sent": ""}',
        '{"t": NaN, "sent": ""}', '{"t": true, "sent": ""}', "[" * 300_000, '{"t": ' + "1" * 300_000 + ', "sent": ""}',
        '{"t": 1, "sent": "' + "x" * 600_000 + '"}',
    ],
    ids=lambda line: line[:20] or "empty",
)  # fmt: skip
def test_a_line_that_is_no_record_is_named(tmp_path, line):
    path = tmp_path / "t"
    path.write_text('{"filebridge_transcript": 1}\n{"t": 0, "sent": "x"}\n' + line + '\n{"t": 2, "sent": "y"}\n')
    with pytest.raises(ReplayMismatch, match=r"t, line 3: not a record of a transcript\n  found: .*\n  cure: record"):
        read_transcript(path)


@pytest.mark.parametrize("text", ["hello\n", '{"filebridge_transcript": 2}\n', '{"t": 0, "sent": "x"}\n'])
def test_another_file_is_no_transcript(tmp_path, text):
    (tmp_path / "t").write_text(text)
    with pytest.raises(UsageError, match=r"t is no transcript of version 1\n  found: .*\n  cure: name a file"):
        read_transcript(tmp_path / "t")


def test_what_is_no_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with open(tmp_path / "large", "wb") as file:
        file.truncate((1 << 28) + 1)
    for name, found in (("missing", "No such file"), ("fifo", "no regular file"), ("large", "268435457 bytes")):
        with pytest.raises(UsageError, match=found):
            read_transcript(tmp_path / name)


def test_nothing_warns_while_all_goes_well(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transcript = Transcript(tmp_path / "t")
        for _ in range(100):
            transcript.add("sent", b"x")
        transcript.close()
    assert len(kept(tmp_path / "t")) == 100
