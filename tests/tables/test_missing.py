"""What is said where a table is not on this machine."""

from __future__ import annotations

from harness.tables import missing_table


def test_says_where_to_get_it_and_what_works_meanwhile(tmp_path):
    paths = (tmp_path / "table.parquet", tmp_path / "averages.parquet")
    assert missing_table(paths, "there\n(or there)", "import it", works="toy/*") == (
        f"needs a table that is not on this machine (looked for {paths[0]}).\n"
        "  Get it: there\n"
        "          (or there)\n"
        "  Then:   import it\n"
        "  Works now without download: toy/*"
    )


def test_any_of_the_files_is_enough(tmp_path):
    paths = (tmp_path / "table.parquet", tmp_path / "averages.parquet")
    paths[1].touch()
    assert missing_table(paths, "there", "import it") == ""
