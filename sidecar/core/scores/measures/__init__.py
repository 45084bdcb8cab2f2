"""All measures. A new one is a file in this folder and an entry in this tuple."""

from __future__ import annotations

from sidecar.core.scores.measure import Measure
from sidecar.core.scores.measures.anderson_darling import AndersonDarling
from sidecar.core.scores.measures.chi_squared import ChiSquared
from sidecar.core.scores.measures.g_test import GTest
from sidecar.core.scores.measures.hellinger import Hellinger
from sidecar.core.scores.measures.jensen_shannon import JensenShannon
from sidecar.core.scores.measures.kolmogorov_smirnov import KolmogorovSmirnov
from sidecar.core.scores.measures.psi import Psi
from sidecar.core.scores.measures.total_variation import TotalVariation
from sidecar.core.scores.measures.wasserstein import Wasserstein

MEASURES: tuple[Measure, ...] = (
    Psi(),
    JensenShannon(),
    Hellinger(),
    TotalVariation(),
    KolmogorovSmirnov(),
    Wasserstein(),
    AndersonDarling(),
    ChiSquared(),
    GTest(),
)
TITLES = {measure.name: measure.title for measure in MEASURES}
