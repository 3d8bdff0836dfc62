"""ImageNet on disk: what is accepted, and what is said of what is not."""

from __future__ import annotations

import shutil

import pytest

pytest.importorskip("PIL")

from harness import InvalidTable, MissingData
from harness.live.images import imagenet
from harness.live.images.folder import images_in
from harness.live.images.imagenet import class_names, how_to_get, read_imagenet, verify
from tests.live.images.image_files import WNIDS, write_imagenet


@pytest.fixture
def folder(tmp_path):
    return write_imagenet(tmp_path / "imagenet")


def refused(folder, *words, error=InvalidTable):
    with pytest.raises(error) as caught:
        verify(folder)
    for word in words:
        assert word in str(caught.value)


def test_a_part_of_the_classes_is_accepted(folder):
    found = verify(folder)
    assert str(found) == ("a part of ImageNet-1k: 3 classes, 18 images to train on, 9 to test on")
    assert found.train.classes == found.val.classes == WNIDS
    assert found.train.files[:2] == (f"{WNIDS[0]}/{WNIDS[0]}_0.png", f"{WNIDS[0]}/{WNIDS[0]}_1.png")
    assert found.val.labels.tolist() == [0] * 3 + [1] * 3 + [2] * 3
    assert class_names(folder)[WNIDS[1]] == "thing 1, other name"


def test_names_may_be_lacking_and_other_files_are_left_alone(folder):
    (folder / "LOC_synset_mapping.txt").unlink()
    (folder / "train" / ".cache").mkdir()
    (folder / "train" / WNIDS[0] / "Thumbs.db").write_text("")
    (folder / "train" / WNIDS[0] / ".hidden.png").write_text("")
    assert len(verify(folder).train) == 18
    assert class_names(folder) == dict.fromkeys(WNIDS, "")


def test_missing_data_says_where_to_get_it(tmp_path):
    refused(tmp_path, "image-net.org", str(tmp_path / "train"), error=MissingData)
    assert "kaggle.com" in how_to_get()


def test_missing_validation_images_say_so(folder):
    shutil.rmtree(folder / "val")
    refused(folder, "no folder val", "image-net.org", error=MissingData)


def test_a_class_that_is_named_and_not_there_is_refused(folder):
    shutil.rmtree(folder / "train" / WNIDS[1])
    refused(folder, "lacks 1 of the 3 classes", WNIDS[1], "LOC_synset_mapping.txt")


def test_a_class_that_is_not_named_is_refused(folder):
    (folder / "train" / "n09999999").mkdir()
    refused(folder, "does not name n09999999")


def test_a_class_without_validation_images_is_refused(folder):
    shutil.rmtree(folder / "val" / WNIDS[2])
    refused(folder, "lacks the folders", WNIDS[2], str(folder / "val"))


def test_a_validation_folder_of_no_class_is_refused(folder):
    (folder / "val" / "n09999999").mkdir()
    refused(folder, "folders of no class", "n09999999")


def test_a_class_without_images_is_refused(folder):
    for image in (folder / "train" / WNIDS[0]).iterdir():
        image.unlink()
    refused(folder, "has no image", WNIDS[0])


def test_images_that_are_not_sorted_are_refused_in_train(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "0.jpeg").write_bytes(b"")
    refused(tmp_path, "needs one for each class")


def flatten(folder):
    """All validation images in one folder, and their classes in the file of Kaggle."""
    rows = ["ImageId,PredictionString"]
    for name in WNIDS:
        for number, image in enumerate(images_in(folder / "val" / name)):
            stem = f"ILSVRC2012_val_{number}{name[-4:]}"
            (folder / "val" / name / image).rename(folder / "val" / f"{stem}.png")
            rows.append(f"{stem},{name} 1 2 30 40 {name} 5 6 7 8 ")
        (folder / "val" / name).rmdir()
    (folder / "LOC_val_solution.csv").write_text("\n".join(rows) + "\n")
    return rows


def test_flat_validation_images_have_their_classes_from_kaggle(folder):
    sorted_before = read_imagenet(folder, "val").labels.tolist()
    flatten(folder)
    found = verify(folder).val
    assert found.labels.tolist() == sorted_before
    suffixes = [f"{WNIDS[label][-4:]}.png" for label in found.labels]
    assert [file[-8:] for file in found.files] == suffixes


def test_flat_validation_images_without_classes_are_refused(folder):
    flatten(folder)
    (folder / "LOC_val_solution.csv").unlink()
    refused(folder, "not sorted into folders", "LOC_val_solution.csv")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[:-1], ["names no class of", "ILSVRC2012_val_2"]),
        (lambda rows: [*rows, f"ILSVRC2012_val_9,{WNIDS[0]} 1 2 3 4"], ["lacks the images"]),
        (lambda rows: [row.replace(WNIDS[0], WNIDS[1]) for row in rows], [WNIDS[0]]),
        (lambda rows: ["a,b", *rows[1:]], ["ImageId and PredictionString"]),
        (lambda rows: [*rows, "ILSVRC2012_val_9,"], ["ImageId and PredictionString"]),
    ],
)
def test_another_file_of_kaggle_is_refused(folder, change, words):
    rows = change(flatten(folder))
    (folder / "LOC_val_solution.csv").write_text("\n".join(rows) + "\n")
    refused(folder, *words)


def test_data_of_all_classes_must_be_whole(folder, monkeypatch):
    monkeypatch.setattr(imagenet, "CLASSES", 3)
    monkeypatch.setattr(imagenet, "COUNTS", {"train": 18, "val": 9})
    assert str(verify(folder)).startswith("ImageNet-1k: 3 classes")
    (folder / "val" / WNIDS[0] / f"{WNIDS[0]}_0.png").unlink()
    refused(folder, "has 8 images", "ImageNet has 9")
    (folder / "train" / WNIDS[0] / f"{WNIDS[0]}_0.png").unlink()
    refused(folder, "has 17 images", "ImageNet has 18")


def test_the_official_counts():
    assert imagenet.COUNTS == {"train": 1_281_167, "val": 50_000}
    assert imagenet.CLASSES == 1000


def test_the_sample(harness_data):
    found = verify(harness_data / "live" / "imagenet")
    assert (len(found.train.classes), len(found.train), len(found.val)) == (10, 900, 300)
    assert class_names(harness_data / "live" / "imagenet")["n01440764"].startswith("tench")
