"""Tests of the text that names a feeder and what is opened in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powerflow import FeederError, load_feeder
from powerflow.loops import Opening
from powerflow.reference import join_reference, split_reference

WORDS = st.text(min_size=1).filter(str.isprintable)
OPENINGS = st.builds(
    Opening, st.lists(WORDS, max_size=3).map(tuple), st.sampled_from([None, "mst"])
)


@given(st.sampled_from(["ieee33", "a/b.m", "what?.dss", "C:/net.json"]), OPENINGS)
def test_a_reference_says_what_was_put_into_it(path, opening):
    if not opening and "?" in path:
        return  # a question mark in a file's name needs the file to be there
    assert split_reference(join_reference(path, opening)) == (path, opening)


def test_a_file_with_a_question_mark_in_its_name_is_that_file(tmp_path):
    path = tmp_path / "case?open=1:2"
    path.write_text("")
    assert split_reference(str(path)) == (str(path), Opening())


@pytest.mark.parametrize("query", ["opn=1:2", "radial=bfs", "open", ""])
def test_what_cannot_be_read_behind_the_question_mark_says_so(query):
    with pytest.raises(FeederError, match="expected open=FROM:TO or radial=mst behind the quest"):
        load_feeder(f"ieee33?{query}")


def test_a_library_feeder_may_be_opened_too():
    with pytest.raises(FeederError, match="no path from the source 1 to 1 of 33 buses: 18"):
        load_feeder("ieee33?open=17:18")
