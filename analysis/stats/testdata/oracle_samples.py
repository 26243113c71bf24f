"""Inputs and expected values of rates, samples and pairs (first half of the package).

python oracle_samples.py, then Rscript oracle_samples.R, both in this directory; scipy 1.17.1, statsmodels
0.15.0, numpy 2.4.6. R reads the inputs written here. Sections are filled by the functions below, in order.
"""
import itertools
import json
import math

import numpy as np
from scipy import integrate, optimize, special, stats
from scipy.stats import _resampling
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

OUT = {}
COUNTS = [(0, 12), (1, 12), (12, 12), (7, 60), (29, 29), (45, 46), (500, 1000), (3, 100000)]


def rate_cases():
    out = []
    for k, n in COUNTS:
        for level in (0.9, 0.95, 0.99):
            b = stats.binomtest(k, n)
            w = b.proportion_ci(level, "wilson")
            e = b.proportion_ci(level, "exact")
            up = stats.binomtest(k, n, alternative="less").proportion_ci(level, "exact")
            lo = stats.binomtest(k, n, alternative="greater").proportion_ci(level, "exact")
            out.append(dict(k=k, n=n, level=level, wilson=[max(w.low, 0), min(w.high, 1)], exact=[e.low, e.high],
                            upper=up.high, lower=lo.low))
            assert abs(proportion_confint(k, n, 1 - level, "wilson")[0] - w.low) < 1e-12
    return out


PAIRS = [(8, 10, 3, 12), (56, 70, 48, 80), (0, 10, 5, 20), (9, 10, 10, 10), (980, 1000, 985, 1000), (5, 56, 0, 29)]


def miettinen_nurminen(k1, n1, k2, n2, delta):
    """z by definition: the second rate maximises the likelihood given the difference.

    Not statsmodels 0.15's score method: its closed form has count0 * diff in tmp1 where the paper has nobs0 * diff,
    so its restricted rates are not the likeliest (8/10 against 3/12, difference 0.5: 0.172 for 0.274).
    """
    lo, hi = max(0, -delta), min(1, 1 - delta)

    def slope(p2):
        s = 0.0
        for k, n, p in ((k1, n1, p2 + delta), (k2, n2, p2)):
            s += (k / p if k else 0) - ((n - k) / (1 - p) if n > k else 0)
        return s
    eps = 1e-15
    if slope(lo + eps) <= 0:
        p2 = lo
    elif slope(hi - eps) >= 0:
        p2 = hi
    else:
        p2 = optimize.brentq(slope, lo + eps, hi - eps, xtol=1e-16, rtol=8.9e-16, maxiter=500)
    p1 = p2 + delta
    n = n1 + n2
    var = (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * n / (n - 1)
    num = k1 / n1 - k2 / n2 - delta
    return num / math.sqrt(var) if var > 0 else math.copysign(math.inf, num) if num else 0.0


def difference_cases():
    """Newcombe's method 10; Miettinen and Nurminen's score for interval and shifted tests."""
    out = []
    for k1, n1, k2, n2 in PAIRS:
        new = confint_proportions_2indep(k1, n1, k2, n2, method="newcomb", compare="diff", alpha=0.05)
        z = lambda d: miettinen_nurminen(k1, n1, k2, n2, d)
        value, crit = k1 / n1 - k2 / n2, stats.norm.ppf(0.95)
        cut = lambda x: max(min(x, 1e3), -1e3)
        mn = [optimize.brentq(lambda d: cut(z(d)) - crit, -1 + 1e-12, value, xtol=1e-15, rtol=8.9e-16),
              optimize.brentq(lambda d: cut(z(d)) + crit, value, 1 - 1e-12, xtol=1e-15, rtol=8.9e-16)]
        low, high = stats.norm.sf(z(-0.1)), stats.norm.cdf(z(0.1))
        out.append(dict(counts=[k1, n1, k2, n2], newcombe=list(map(float, new)), score=mn,
                        z=[z(-0.1), z(0.1)], inferior=float(low), equivalent=float(max(low, high))))
    return out


def binomial_cases():
    out = []
    for k, n, p in ((3, 10, 0.3), (0, 50, 0.01), (480, 1000, 0.5), (17, 20000, 0.001), (99990, 100000, 0.9999)):
        out.append(dict(k=k, n=n, p=p, pmf=float(stats.binom.pmf(k, n, p)), lower=float(stats.binom.cdf(k, n, p)),
                        upper=float(stats.binom.sf(k - 1, n, p))))
    return out


def beta_binomial_cases():
    out = []
    for n, a, b in ((60, 3, 58), (100, 1, 99), (10, 0.5, 0.5), (500, 20, 380), (0, 2, 3)):
        d = stats.betabinom(n, a, b)
        k = sorted({0, n // 20, n // 4, n})
        out.append(dict(n=n, a=a, b=b, k=k, pmf=d.pmf(k).tolist(), at_most=d.cdf(k).tolist(), at_least=[float(sum(d.pmf(i) for i in range(n, j - 1, -1))) for j in k]))
    return out


def mcnemar_cases():
    """Exact by the binomial test; mid-p is half the own outcome less (Fagerland et al. 2013)."""
    out = []
    for both, b, c, neither in ((30, 12, 3, 55), (0, 1, 0, 0), (10, 5, 5, 10), (900, 40, 61, 9), (5, 0, 9, 5)):
        n = b + c
        own = stats.binom.pmf(b, n, 0.5)
        p = {alt: float(stats.binomtest(b, n, 0.5, alternative=alt).pvalue) for alt in ("two-sided", "greater", "less")}
        mid = dict(greater=float(p["greater"] - own / 2), less=float(p["less"] - own / 2))
        two = 2 * (stats.binom.cdf(min(b, c), n, 0.5) - own / 2)
        mid["two-sided"] = float(min(1, two))
        out.append(dict(counts=[both, b, c, neither], p=p, mid=mid, tango=tango(both, b, c, neither, 0.95),
                        tango90=tango(both, b, c, neither, 0.90)))
    return out


def tango(both, b, c, neither, level):
    """By definition: likelihood maximised under the difference, differences not rejected kept."""
    n = both + b + c + neither

    def z(d):
        # log-likelihood in q = P(only second), P(only first) = q + d; the rest is 1 - 2q - d.
        lo, hi = max(0, -d), (1 - d) / 2

        def slope(q):
            s = 0.0
            for k, p, sign in ((b, q + d, 1), (c, q, 1), (n - b - c, 1 - 2 * q - d, -2)):
                if k:
                    s += sign * k / p
            return s
        eps = 1e-15
        if lo >= hi:
            q = lo
        elif slope(lo + eps) <= 0:
            q = lo
        elif slope(hi - eps) >= 0:
            q = hi
        else:
            q = optimize.brentq(slope, lo + eps, hi - eps, xtol=1e-16, rtol=8.9e-16, maxiter=500)
        var = n * (2 * q + d - d * d)
        num = b - c - n * d
        return num / math.sqrt(var) if var > 0 else math.copysign(math.inf, num)

    crit = stats.norm.ppf(0.5 + level / 2)
    value = (b - c) / n
    edge = lambda f, x, y: optimize.brentq(f, x, y, xtol=1e-15, rtol=8.9e-16, maxiter=500)
    low = edge(lambda d: max(min(z(d), 1e3), -1e3) - crit, -1 + 1e-12, value - 1e-12) if value > -1 else -1.0
    high = edge(lambda d: max(min(z(d), 1e3), -1e3) + crit, value + 1e-12, 1 - 1e-12) if value < 1 else 1.0
    return [low, high]


SAMPLES = [([2, 1, 3, 5], [1, 1, 1, 1, 1]), ([1.5, 2.5, 9, 4], [0, 3, 3.5]), ([0.9, 0.8, 1, 1, 0.95, 1], [0.1, 0.9, 0.2, 0.8, 0.4, 0.4, 0.1]),
           ([1, 2, 3, 4, 5, 6, 7], [1.5, 2.5, 2.5, 3, 8, 9, 9, 10]), ([5, 6, 7], [1, 2, 3])]
DIFFERENCES = [[0.1, 0.2, -0.05, 0.3, 0.12], [1, 1, 1, 1, 1, 1, 1, 1, 1], [0, 0, 2, -1, 3, 3, 4], [0.5, -0.5, 1, -1.5, 2, 2, 2.5, -3, 4, 5, 6],
               [0.02, 0, 0.01, 0, -0.01, 0.03, 0.03]]
ALTERNATIVES = ("two-sided", "greater", "less")


def sample_cases():
    """Exact by scipy's enumeration of every split or sign."""
    out = []
    for x, y in SAMPLES:
        case = dict(x=x, y=y, mann_whitney={}, permutation={})
        u = lambda a, b, axis=-1: stats.mannwhitneyu(a, b, axis=axis).statistic
        mid = len(x) * len(y) / 2
        for alt in ALTERNATIVES:
            # Two-sided on the distance from the middle, which is this package's definition.
            f = (lambda a, b, axis=-1: np.abs(u(a, b, axis) - mid)) if alt == "two-sided" else u
            g = "greater" if alt == "two-sided" else alt
            case["mann_whitney"][alt] = float(stats.permutation_test((x, y), f, vectorized=True, n_resamples=np.inf, alternative=g).pvalue)
            m = lambda a, b, axis=-1: np.mean(a, axis=axis) - np.mean(b, axis=axis)
            h = (lambda a, b, axis=-1: np.abs(m(a, b, axis))) if alt == "two-sided" else m
            case["permutation"][alt] = float(stats.permutation_test((x, y), h, vectorized=True, n_resamples=np.inf, alternative=g).pvalue)
        case["u"] = float(u(x, y))
        out.append(case)
    return out


def paired_cases():
    out = []
    for d in DIFFERENCES:
        case = dict(d=d, signed_rank={}, sign_flip={})
        r = stats.rankdata(np.abs(d))
        signs = np.array(list(itertools.product((1, -1), repeat=len(d))))
        for name, weights in (("signed_rank", np.where(np.array(d) == 0, 0, r)), ("sign_flip", np.abs(d))):
            sums, seen = signs @ weights, float(np.sign(d) @ weights)
            slack = 1e-12 * np.abs(weights).sum()
            case[name] = {"two-sided": float(np.mean(np.abs(sums) >= abs(seen) - slack)), "greater": float(np.mean(sums >= seen - slack)),
                          "less": float(np.mean(sums <= seen + slack))}
        if 0 not in d and len(set(np.abs(d))) == len(d):
            for alt in ALTERNATIVES:
                assert abs(stats.wilcoxon(d, alternative=alt, method="exact").pvalue - case["signed_rank"][alt]) < 1e-12
        out.append(case)
    return out


def large_rank_cases():
    """Beyond the exact sizes: normal with corrections for ties and continuity."""
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 12, 70), rng.integers(1, 13, 65)
    d = rng.integers(-6, 10, 260)
    case = dict(x=x.tolist(), y=y.tolist(), d=d.tolist(), mann_whitney={}, signed_rank={})
    for alt in ALTERNATIVES:
        case["mann_whitney"][alt] = float(stats.mannwhitneyu(x, y, alternative=alt, method="asymptotic", use_continuity=True).pvalue)
        # Pratt with the exact conditional variance and a continuity correction, written out.
        r = stats.rankdata(np.abs(d))[d != 0]
        s = d[d != 0]
        w, mu, sd = r[s > 0].sum(), r.sum() / 2, math.sqrt((r * r).sum()) / 2
        dev = w - mu
        p = {"greater": stats.norm.sf((dev - 0.5) / sd), "less": stats.norm.cdf((dev + 0.5) / sd),
             "two-sided": min(1, 2 * stats.norm.sf((abs(dev) - 0.5) / sd))}
        case["signed_rank"][alt] = float(p[alt])
    return case


def effect_cases():
    out = []
    rng = np.random.default_rng(5)
    for x, y in ([1.1, 2.3, 2.9, 4.0], [0.2, 1.0, 1.9, 2.3, 2.5]), (rng.normal(1, 1, 12).round(2), rng.normal(0, 1, 9).round(2)), \
            (rng.normal(4, 1, 8).round(1), rng.normal(0, 1, 8).round(1)), (rng.integers(0, 5, 15), rng.integers(1, 6, 20)):
        x, y = np.array(x, float), np.array(y, float)
        m, n = len(x), len(y)
        df = m + n - 2
        sp = math.sqrt(((m - 1) * x.var(ddof=1) + (n - 1) * y.var(ddof=1)) / df)
        d = (x.mean() - y.mean()) / sp
        root = math.sqrt(m * n / (m + n))
        case = dict(x=x.tolist(), y=y.tolist(), g=hedges(d, df), g_interval=noncentral(d * root, df, root))
        case.update(zip(("cliff", "cliff_interval"), cliff(x, y)))
        z = x[:min(m, n)] - y[:min(m, n)]
        k = len(z)
        dz = z.mean() / z.std(ddof=1)
        case.update(paired=z.tolist(), paired_g=hedges(dz, k - 1), paired_interval=noncentral(dz * math.sqrt(k), k - 1, math.sqrt(k)))
        out.append(case)
    return out


def hedges(d, df):
    return float(d * math.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / math.sqrt(df / 2))


def noncentral(t, df, root):
    """P(T <= t) integrated over the chi, not by scipy's series."""
    def cdf(mu):
        f = lambda s: stats.norm.cdf(t * s - mu) * 2 * df * s * stats.chi2.pdf(df * s * s, df)
        return integrate.quad(f, 0, 1, epsabs=1e-13, epsrel=1e-13)[0] + integrate.quad(f, 1, 12, epsabs=1e-13, epsrel=1e-13, limit=200)[0]
    at = lambda p: optimize.brentq(lambda mu: cdf(mu) - p, t - 15 - abs(t), t + 15 + abs(t), xtol=1e-13) / root
    return [at(0.975), at(0.025)]


def cliff(x, y):
    """Feng and Cliff 2004, equations as printed, over the full dominance matrix."""
    m, n = len(x), len(y)
    dom = np.sign(x[:, None] - y[None, :])
    d = dom.mean()
    di, dj = dom.mean(axis=1), dom.mean(axis=0)
    var = (n**2 * ((di - d) ** 2).sum() + m**2 * ((dj - d) ** 2).sum() - ((dom - d) ** 2).sum()) / (m * n * (m - 1) * (n - 1))
    var = max(var, (1 - d * d) / (m * n - 1))
    if abs(d) == 1:
        return float(d), None
    t = stats.t.ppf(0.975, m + n - 2)
    half = t * math.sqrt(var) * math.sqrt((1 - d * d) ** 2 + t * t * var)
    low, high = ((d - d**3 + s * half) / (1 - d * d + t * t * var) for s in (-1, 1))
    return float(d), [max(-1.0, low), min(1.0, high)]


def mean_cases():
    out = []
    for x, y in ([0.91, 0.93, 0.90, 0.95], [0.92, 0.94, 0.93, 0.96]), ([3.0, 4.5, 5.5, 2.0, 4.0], [1.0, 1.5, 2.0, 2.0, 3.0]):
        for margin in (0.02, 1.0):
            welch, (_, welch_low, _), _ = ttost_ind(x, y, -margin, margin, usevar="unequal")
            k = min(len(x), len(y))
            paired, (_, paired_low, _), _ = ttost_paired(np.array(x[:k]), np.array(y[:k]), -margin, margin)
            out.append(dict(x=x, y=y, margin=margin, welch=float(welch), welch_low=float(welch_low), paired=float(paired), paired_low=float(paired_low)))
    return out


def bootstrap_cases():
    """Resamples by index lists that the test replays; the corrections are scipy's own."""
    rng = np.random.default_rng(9)
    out = []
    for values, strata in ((rng.exponential(1, 12).round(3), None), ((rng.random(15) < 0.7).astype(float), None),
                           (rng.normal(0, 1, 10).round(3), [0] * 4 + [1] * 6)):
        n, b = len(values), 300
        groups = [np.arange(n)] if strata is None else [np.flatnonzero(np.array(strata) == s) for s in (0, 1)]
        draws = [[rng.integers(0, len(g), len(g)) for g in groups] for _ in range(b)]
        reps = np.sort([values[np.concatenate([g[i] for g, i in zip(groups, d)])].mean() for d in draws])
        case = dict(values=values.tolist(), strata=strata, draws=[[int(i) for part in d for i in part] for d in draws],
                    percentile=np.percentile(reps, [2.5, 97.5]).tolist())
        if strata is None:
            low, high, _ = _resampling._bca_interval((values,), lambda s, axis: s.mean(axis=axis), -1, 0.025, reps, None, np)
            case["bca"] = [float(np.percentile(reps, 100 * float(low))), float(np.percentile(reps, 100 * float(high)))]
        out.append(case)
    return out


def crossed_cases():
    """Owen's pigeonhole bootstrap with expanded percentiles, written out over whole tables."""
    rng = np.random.default_rng(10)
    out = []
    for seeds, items, missing in ((5, 12, 0), (8, 3, 2)):
        t = (rng.random((seeds, items)) < 0.6).astype(float)
        for _ in range(missing):
            t[rng.integers(1, seeds), rng.integers(items)] = np.nan  # items are numbered as they first appear
        draws = [(rng.integers(0, seeds, seeds), rng.integers(0, items, items)) for _ in range(250)]
        reps = np.sort([np.nanmean(t[np.ix_(s, i)]) for s, i in draws])
        df = min(seeds, items) - 1
        tail = stats.norm.cdf(-math.sqrt((df + 1) / df) * stats.t.ppf(0.975, df))
        out.append(dict(table=[[None if np.isnan(v) else v for v in row] for row in t], draws=[[*map(int, s), *map(int, i)] for s, i in draws],
                        value=float(np.nanmean(t)), interval=np.percentile(reps, [100 * tail, 100 * (1 - tail)]).tolist()))
    return out


OUT["rates"] = rate_cases()
OUT["differences"] = difference_cases()
OUT["binomial"] = binomial_cases()
OUT["beta_binomial"] = beta_binomial_cases()
OUT["mcnemar"] = mcnemar_cases()
OUT["samples"] = sample_cases()
OUT["paired"] = paired_cases()
OUT["large_ranks"] = large_rank_cases()
OUT["effects"] = effect_cases()
OUT["means"] = mean_cases()
OUT["bootstrap"] = bootstrap_cases()
OUT["crossed"] = crossed_cases()

with open("oracle_samples_py.json", "w") as f:
    json.dump(OUT, f, separators=(",", ":"), allow_nan=False)
    f.write("\n")
