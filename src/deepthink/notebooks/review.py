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
# # The faces that recognition is sure of
#
# Recognition results in; statistics, contact sheets and, if wanted, an updated facelist out. Every cell below calls one
# function of DeepThink or draws what it returned.

# %% tags=["parameters"]
site = "."  # the site's folder
dates = None  # a list of days, YYYY-MM-DD; None: all that are not kept for validation
proba = 0.99  # a face is chosen that is surer than this,
usable = 1  # good enough to learn from (0: whatever its quality),
distance = 0.65  # and nearer than this to the person's baseline
sheets = 8  # so many contact sheets of those chosen, and of those not
dry_run = True  # False: select the chosen faces in the facelist
figures = None  # where what came out is kept, JSON
heartbeat = None  # where progress is told

# %%
from pathlib import Path

import pandas as pd
from IPython.display import SVG, display

from deepthink.curation.results import Rule, as_columns, by_person, compared, spread
from deepthink.flow import result_plots
from deepthink.flow.heartbeat import beat_to
from deepthink.flow.results import enrol_results, result_sheets, site_results, tell
from deepthink.flow.wiring import Site
from deepthink.settings import load
from deepthink.validation.plots import as_svg

tells = beat_to(Path(heartbeat) if heartbeat else None)
opened, rule = Site(load(site)), Rule(proba, distance, bool(usable))
results = site_results(opened, dates, tells)
table = pd.DataFrame(as_columns(results, rule))
print(f"{len(results)} faces in {table.event.nunique()} events; {table.chosen.sum()} have {rule}")
print(f"{len(results) - len(compared(results))} were seen before anybody was enrolled")
display(table)

# %% [markdown]
# ## Confidence, distance and margin
#
# Of the faces that were held against somebody: where nobody was enrolled yet, the numbers say nothing. Confidence is
# the classifier's probability, 0 when distance overruled it. Distance is from the face to the person's baseline; margin
# is what it has beyond the person's threshold, so that a negative one lies within.

# %%
display(pd.DataFrame(spread(results)).round(3))

# %%
display(SVG(as_svg(result_plots.spreads(results, rule))))

# %%
display(SVG(as_svg(result_plots.plane(results, rule))))

# %% [markdown]
# ## By person
#
# The last three columns are medians of all faces that got the name. Many events with none chosen: this person's gallery
# lacks what the cameras see.

# %%
display(pd.DataFrame(by_person(results, rule)).round(3))

# %%
display(SVG(as_svg(result_plots.distances_by_person(results, rule))))

# %% [markdown]
# ## The faces that the filter chooses
#
# Numbers are those of the first table's rows; below each face stand probability, distance, and what the facelist says
# of it. A yellow corner marks a dark face that was brightened.

# %%
for sheet in result_sheets(opened, results, rule, chosen=True, most=sheets):
    display(sheet)

# %% [markdown]
# ## Faces with a name that it does not choose

# %%
for sheet in result_sheets(opened, results, rule, chosen=False, most=sheets):
    display(sheet)

# %% [markdown]
# ## The facelist
#
# The chosen faces are selected under the facelist's lock and noted in its history: `deepthink review undo` takes all of
# it back. What somebody has decided otherwise stays as it is. Near copies are not listed, and so not selected.

# %%
enrolment = enrol_results(opened, results, rule, dates, dry_run, tells)
print("Nothing was written; with dry_run = False these would be selected:" if dry_run else "Selected:")
display(pd.Series(enrolment.selected, name="faces", dtype=int).to_frame())
print(
    f"{enrolment.enrolled} were selected before, {enrolment.decided} decided otherwise, {enrolment.unlisted} not listed"
)
if figures:
    tell(Path(figures), results, rule, enrolment, dry_run)
