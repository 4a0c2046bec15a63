# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Training a face recogniser
#
# Embeddings in; a support vector machine chosen by cross-validation, baselines, and a threshold for strangers out.
# Every cell below calls one step of DeepThink or draws what it returned.

# %% tags=["parameters"]
facialembeddings = "facedata.hdf5"  # the gallery
modelout = "facemodel.pickle"  # SentinelCam's export; our own files are named after it
newbaselines = "baselines.hdf5"
strangers = None  # embeddings of faces reviewed as nobody's here
hold_out = None  # JSON list of the events that validation will ask
figures = "training.json"  # where the figures go
preset = "standard"  # quick, standard or wide
classifier = "auto"  # auto: the one that misses fewest residents; svm: always the support vector machine
folds = 5
fpir = 0.01  # the share of strangers' events that may be given a name
budget_minutes = None  # after which the best candidate so far is taken
memory_mb = None  # what all of this process may take while it searches
cluster = None  # the address of a Dask scheduler whose workers help with the search
journal = None  # where a large search keeps what is finished
learning = True  # whether to draw the learning curve
nice = 10  # how far training steps back for whatever else this machine does, 0 to 19
heartbeat = None  # where progress is told

# %%
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import SVG, Markdown, display

from deepthink.files import write_json
from deepthink.flow.heartbeat import beat_to
from deepthink.model.alternatives import alternatives
from deepthink.model.learning import learning_curve
from deepthink.model.train import train, write_outputs
from deepthink.validation import plots

os.nice(nice)
kept = json.loads(Path(hold_out).read_text()) if hold_out else []
report = train(
    Path(facialembeddings),
    Path(strangers) if strangers else None,
    hold_out=kept,
    preset=preset,
    folds=folds,
    fpir=fpir,
    budget_minutes=budget_minutes,
    cluster=cluster,
    memory_mb=memory_mb,
    classifier=classifier,
    journal=Path(journal) if journal else None,
    progress=beat_to(Path(heartbeat) if heartbeat else None),
)
written = write_outputs(report, Path(modelout), Path(newbaselines))
write_json(Path(figures), report.as_dict())
print(f"{len(report.faces)} people, {sum(report.faces.values())} faces, trained in {report.seconds:.1f} s")

# %% [markdown]
# ## What it was trained on

# %%
display(pd.DataFrame({"faces": report.faces, "events": report.events}).sort_values("faces", ascending=False))

# %% [markdown]
# ## The grid search
#
# Accuracy of single faces, each answered by a machine that has not seen its event. The best candidate is framed.

# %%
if report.choice:
    display(SVG(plots.as_svg(plots.grid_search(report.choice.table, report.choice.best))))

# %% [markdown]
# What each candidate took, in seconds, all folds and the counting of votes together.

# %%
UNITS = {
    "numba": "CPU seconds, each candidate's own. What several share (inner products, and the solution that one starts "
    "from) is counted for the first that needed it: alone, the others would take longer.",
    "sklearn": "Seconds by the clock, as scikit-learn gives them; every candidate is fitted on its own.",
}
if report.choice:
    display(Markdown(UNITS[report.choice.engine] + " An empty cell was finished before an interruption."))
    display(SVG(plots.as_svg(plots.grid_seconds(report.choice.table, report.choice.best))))

# %% [markdown]
# ## Other ways to tell people apart
#
# On the same folds, single faces: accuracy, and FNIR where the asked share of strangers gets a name by the same score
# (empty when fewer than 20 strangers' events were reviewed).

# %%
if report.choice:
    others = alternatives(report.data, report.away, report.choice, fpir, folds)
    display(pd.DataFrame(others).set_index("name").round({"accuracy": 4, "fnir": 4, "seconds": 1}))

# %% [markdown]
# DeepThink lets distance and classifier decide together. What counts is therefore FNIR of whole events with both, the
# threshold set anew for each classifier at the asked FPIR. The first row was chosen: another classifier takes the
# support vector machine's place only where it misses at least two events fewer.

# %%
table = pd.DataFrame([entry.as_dict() for entry in report.contest]).set_index("machine")
display(table.round({"fnir": 4, "fpir": 4, "accuracy": 4}))

# %% [markdown]
# ## Who was taken for whom
#
# The folds' answers to the faces they had not seen, by the classifier alone.

# %%
if report.choice and report.choice.predicted is not None:
    names = list(report.recogniser.people)
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (report.choice.really, report.choice.predicted), 1)
    display(SVG(plots.as_svg(plots.confusion_matrix_figure(counts, names))))

# %% [markdown]
# ## Distances, and the threshold
#
# Left: faces of residents to their own baseline. Right: to the nearest other person's, and strangers to the nearest.

# %%
threshold = report.recogniser.calibration["threshold"]
others = np.concatenate([report.other[np.isfinite(report.other)], report.strangers])
display(SVG(plots.as_svg(plots.histogram(report.own, others, threshold, "faces"))))
display(pd.Series(report.recogniser.calibration, name="calibration").to_frame())

# %% [markdown]
# ## Would more pictures help?
#
# Everybody enrolled with few events, then with more, and asked the others, by the distance alone, at the same rate of
# strangers named (ten draws). Where the line is flat, more events of the same kind bring little; other days, cameras
# and light still may.

# %%
if learning:
    curve = learning_curve(report.data, report.away, fpir)
    if curve:
        display(SVG(plots.as_svg(plots.learning(curve))))

# %% [markdown]
# ## Baselines
#
# `threshold` is SentinelCam's: the mean of a person's distances to their own baseline, minus the standard deviation.

# %%
display(pd.DataFrame({"threshold": report.baselines.thresholds}, index=report.baselines.people))
display(SVG(plots.as_svg(plots.baselines(report.baselines.people, report.baselines.centroids))))
