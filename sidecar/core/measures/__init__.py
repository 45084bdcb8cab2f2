"""Every measure there is. A new one is a file in this folder and an entry in this tuple."""

from __future__ import annotations

from sidecar.core.measure import Measure
from sidecar.core.measures.anderson_darling import AndersonDarling
from sidecar.core.measures.chi_squared import ChiSquared
from sidecar.core.measures.g_test import GTest
from sidecar.core.measures.hellinger import Hellinger
from sidecar.core.measures.jensen_shannon import JensenShannon
from sidecar.core.measures.kolmogorov_smirnov import KolmogorovSmirnov
from sidecar.core.measures.psi import Psi
from sidecar.core.measures.total_variation import TotalVariation
from sidecar.core.measures.wasserstein import Wasserstein

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
