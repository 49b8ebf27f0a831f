"""One module a case study: the published tables run again, and what we can do better.

``python -m coursepkg reproduce NAME`` runs a study's table, and a case study's notebook
shows the table that was recorded. This is the only room that compiles and fits.

A study is a :class:`Study`: it says how its data is loaded and holds its rows. A
:class:`Row` is one line of the table: the function that trains and scores one model
with one seed, its budget in words, and what was published for it.
"""

from coursepkg.studies._results import StudyResults, read_results
from coursepkg.studies._running import reproduce
from coursepkg.studies._study import NAMES, Budget, Row, Study, load_study

__all__ = [
    "NAMES",
    "Budget",
    "Row",
    "Study",
    "StudyResults",
    "load_study",
    "read_results",
    "reproduce",
]
