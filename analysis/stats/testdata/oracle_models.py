"""Inputs and expected values of the models, detectors and games (second half of the package).

python oracle_models.py, then Rscript oracle_models.R, both in this directory; statsmodels 0.15.0, scipy 1.17.1,
numpy 2.4.6. R reads the inputs written here. Sections are filled by the functions below, in order.
"""
import json
import math

import numpy as np
import statsmodels.api as sm
from scipy import optimize, special, stats

OUT = {}


def rows(seed, doses, groups, trials, mid, slope, spread):
    """Dose table with a seed effect on the logit scale; literal once written."""
    rng = np.random.default_rng(seed)
    effect = rng.normal(size=groups) * spread
    d, g = np.repeat(np.array(doses, float), groups), np.tile(np.arange(groups), len(doses))
    y = rng.binomial(trials, special.expit(slope * (d - mid) + effect[g]))
    return dict(dose=d.tolist(), group=[f"s{i}" for i in g], successes=y.tolist(), trials=[trials] * len(d))


DATA = {
    "binomial": rows(1, [2, 4, 6, 8, 10, 12], 3, 40, 7, 0.6, 0.0),
    "overdispersed": rows(2, [0, 5, 10, 20, 40, 60], 8, 50, 18, 0.12, 0.9),
    "few groups": rows(3, [1, 3, 9, 27], 4, 100, 8, 0.25, 0.5),
    "separated": dict(dose=[1, 2, 3, 4, 5, 6.0], group=[""] * 6, successes=[0, 0, 0, 20, 20, 20], trials=[20] * 6),
    "floor": dict(dose=[0, 2, 4, 6, 8, 10, 12, 14.0], group=[""] * 8,
                  successes=[9, 11, 18, 41, 75, 84, 91, 88], trials=[100] * 8),
}
FAMILY = {"logit": sm.families.links.Logit, "probit": sm.families.links.Probit}
Z = stats.norm.ppf(0.975)


def inverse(link, p):
    return special.logit(p) if link == "logit" else stats.norm.ppf(p)


def glm_cases():
    out = []
    for name in ("binomial", "overdispersed", "few groups"):
        d = DATA[name]
        for link in ("logit", "probit"):
            for scale in ("linear", "log"):
                dose, y = np.array(d["dose"]), np.array(d["successes"], float)
                m, g = np.array(d["trials"], float), np.array([int(s[1:]) for s in d["group"]])
                keep = dose > 0 if scale == "log" else dose >= 0
                u = np.log(dose[keep]) if scale == "log" else dose[keep]
                y, m, g = y[keep], m[keep], g[keep]
                model = sm.GLM(np.c_[y, m - y], sm.add_constant(u), family=sm.families.Binomial(FAMILY[link]()))
                # Twice: the weights in the covariance are those of the last step but one.
                first = model.fit(tol=1e-15, maxiter=200).params
                fit = model.fit(start_params=first, tol=1e-15, maxiter=200)
                robust = model.fit(start_params=first, tol=1e-15, maxiter=200, cov_type="cluster", cov_kwds={"groups": g})
                a, b = fit.params
                phi = fit.pearson_chi2 / fit.df_resid
                case = dict(data=name, link=link, scale=scale, params=fit.params.tolist(), cov=fit.cov_params().tolist(),
                            cluster=robust.cov_params().tolist(), deviance=fit.deviance, pearson=fit.pearson_chi2, phi=phi)
                for share in (0.5, 0.9):
                    t = inverse(link, share)
                    ed = (t - a) / b
                    grad = np.array([-1 / b, -ed / b])
                    back = np.exp if scale == "log" else (lambda x: x)

                    def interval(v, q=Z):
                        h = q * math.sqrt(grad @ v @ grad)
                        return [float(back(ed - h)), float(back(ed + h))]

                    case[f"ed{int(share * 100)}"] = dict(
                        value=float(back(ed)), binomial=interval(fit.cov_params()),
                        quasibinomial=interval(fit.cov_params() * phi), cluster=interval(robust.cov_params()),
                        cluster_t=interval(robust.cov_params(), stats.t.ppf(0.975, len(set(g)) - 1)))
                out.append(case)
    return out


def floor_cases():
    """Four-parameter curve by Nelder-Mead and Newton on the likelihood written out; good to 1e-6."""
    d = DATA["floor"]
    x, y, m = (np.array(d[k], float) for k in ("dose", "successes", "trials"))
    out = []
    for link in ("logit", "probit"):
        curve = special.expit if link == "logit" else stats.norm.cdf

        def prob(th):
            return th[2] + (th[3] - th[2]) * curve(th[0] + th[1] * x)

        def nll(th):
            p = prob(th)
            if p.min() <= 0 or p.max() >= 1:
                return 1e10
            return -(y * np.log(p) + (m - y) * np.log1p(-p)).sum()

        th = optimize.minimize(nll, [-4, 0.6, 0.1, 0.9], method="Nelder-Mead",
                               options=dict(xatol=1e-12, fatol=1e-14, maxiter=40000, maxfev=40000)).x

        def jac(th):
            h = 1e-6
            return np.array([(prob(th + h * e) - prob(th - h * e)) / (2 * h) for e in np.eye(4)])

        for _ in range(20):
            p, g = prob(th), jac(th)
            info = (g * (m / (p * (1 - p)))) @ g.T
            th = th + np.linalg.solve(info, g @ ((y - m * p) / (p * (1 - p))))
        p, g = prob(th), jac(th)
        cov = np.linalg.inv((g * (m / (p * (1 - p)))) @ g.T)
        phi = float((((y - m * p) ** 2) / (m * p * (1 - p))).sum() / (len(x) - 4))
        best = -nll(th)

        def profile(e):
            def held(q):
                return nll([-q[0] * e, q[0], q[1], q[2]])
            r = optimize.minimize(held, th[1:], method="Nelder-Mead",
                                  options=dict(xatol=1e-11, fatol=1e-13, maxiter=40000, maxfev=40000))
            return 2 * (best + r.fun) - Z * Z

        e = -th[0] / th[1]
        grad = np.array([-1 / th[1], -e / th[1], 0, 0])
        h = Z * math.sqrt(grad @ cov @ grad)
        out.append(dict(link=link, theta=th.tolist(), se=np.sqrt(np.diag(cov)).tolist(), phi=phi, ed50=e, delta=[e - h, e + h],
                        profile=[optimize.brentq(profile, e - 4 * h, e, xtol=1e-10), optimize.brentq(profile, e, e + 4 * h, xtol=1e-10)]))
    return out


def two_slope_cases():
    rng = np.random.default_rng(7)
    out = []
    for p, q in ((1.2, 0.0), (1.2, -1.2), (0.8, -0.3)):
        rows = []
        for seed in range(10):
            effect = rng.normal() * 0.4
            for poison in (8, 16, 32, 64):
                for clean in (500, 1000, 2000):
                    eta = effect + p * math.log(poison / 22) + q * math.log(clean / 1000)
                    rows.append((poison, clean, int(rng.binomial(60, special.expit(eta))), 60, f"s{seed}"))
        x = np.array([[1, math.log(r[0]), math.log(r[1])] for r in rows])
        y, m, g = (np.array([r[i] for r in rows]) for i in (2, 3, 4))
        groups = np.array([int(s[1:]) for s in g])
        model = sm.GLM(np.c_[y, m - y], x, family=sm.families.Binomial())
        first = model.fit(tol=1e-15, maxiter=200).params
        fit = model.fit(start_params=first, tol=1e-15, maxiter=200, cov_type="cluster", cov_kwds={"groups": groups})
        b, v = fit.params, fit.cov_params()
        t = stats.t(9)

        def tost(low, high):
            def one(g):
                g = np.array(g)
                return t.sf(g @ b / math.sqrt(g @ v @ g))
            return max(one(low), one(high))

        crit = t.ppf(0.975) ** 2
        # Fieller by its definition: the ratios whose linear contrast is not rejected.
        edge = lambda r: (b[2] - r * b[1]) ** 2 - crit * (v[2, 2] - 2 * r * v[1, 2] + r * r * v[1, 1])
        r = b[2] / b[1]
        out.append(dict(rows=rows, params=b.tolist(), cov=v.tolist(),
                        count=tost([0, 0.25, 1], [0, 0.25, -1]), rate=tost([0, 1.25, 1], [0, -0.75, -1]),
                        flat=max(t.sf((b[2] + 0.25) / math.sqrt(v[2, 2])), t.cdf((b[2] - 0.25) / math.sqrt(v[2, 2]))),
                        fieller=[optimize.brentq(edge, r - 1, r, xtol=1e-14), optimize.brentq(edge, r, r + 1, xtol=1e-14)]))
    return out


def score_cases():
    """Scores for R's pROC; ties, a near separation and a reversed detector."""
    rng = np.random.default_rng(11)
    out = []
    for n0, n1, shift, digits in ((40, 25, 1.0, 12), (40, 25, 1.0, 0), (60, 30, 3.0, 1), (15, 12, -1.0, 1), (200, 120, 1.5, 2)):
        out.append(dict(clean=np.round(rng.normal(size=n0), digits).tolist(), attacked=np.round(rng.normal(size=n1) + shift, digits).tolist()))
    return out


def game_cases():
    rng = np.random.default_rng(13)
    games = [[[0, -1, 1], [1, 0, -1], [-1, 1, 0]], [[3, 1], [0, 2]], [[1, 2], [3, 4]],
             rng.random((4, 5)).round(2).tolist(), rng.normal(size=(7, 3)).tolist(), (rng.integers(0, 51, (10, 12)) / 50).tolist()]
    out = []
    for a in games:
        a = np.array(a, float)
        m, n = a.shape
        r = optimize.linprog(np.r_[np.zeros(m), -1], A_ub=np.c_[-a.T, np.ones(n)], b_ub=np.zeros(n), A_eq=[np.r_[np.ones(m), 0]], b_eq=[1],
                             bounds=[(0, None)] * m + [(None, None)], method="highs-ds", options=dict(primal_feasibility_tolerance=1e-10, dual_feasibility_tolerance=1e-10))
        out.append(dict(payoff=a.tolist(), value=-r.fun))
    return out


def prevalence_cases():
    """Lang and Reiczigel 2014, written from the formulas of the paper (and asht::prevSeSp)."""
    out = []
    for k, n, a, b, c, d in ((30, 200, 45, 50, 90, 100), (2, 100, 27, 30, 58, 60), (150, 160, 80, 82, 40, 50), (0, 50, 20, 20, 30, 30)):
        se, sp, p = a / b, c / d, k / n
        nse, nsp, np_ = b + 2, d + 2, n + Z * Z
        sea, spa, pa = (b * se + 1) / nse, (d * sp + 1) / nsp, (n * p + Z * Z / 2) / np_
        pi = (pa + spa - 1) / (sea + spa - 1)
        dp = 2 * Z * Z * (pi * sea * (1 - sea) / nse - (1 - pi) * spa * (1 - spa) / nsp)
        half = Z * math.sqrt((pa * (1 - pa) / np_ + pi**2 * sea * (1 - sea) / nse + (1 - pi) ** 2 * spa * (1 - spa) / nsp) / (sea + spa - 1) ** 2)
        out.append(dict(counts=[k, n, a, b, c, d], value=min(max((p + sp - 1) / (se + sp - 1), 0), 1),
                        interval=[max(0, pi + dp - half), min(1, pi + dp + half)]))
    return out


def power_cases():
    """McNemar and Miettinen-Nurminen by brute force over every table."""
    mcnemar = []
    for n, p, q, alpha in ((30, 0.3, 0.1, 0.05), (100, 0.12, 0.04, 0.05), (12, 0.5, 0.0, 0.01)):
        total = 0.0
        for b in range(n + 1):
            for c in range(n + 1 - b):
                if b + c and stats.binomtest(b, b + c, 0.5).pvalue <= alpha:
                    total += stats.multinomial.pmf([b, c, n - b - c], n, [p, q, 1 - p - q])
        mcnemar.append(dict(n=n, p=p, q=q, alpha=alpha, power=float(total)))
    superior = []
    for n1, n2, p1, p2 in ((20, 25, 0.8, 0.4), (40, 40, 0.1, 0.3)):
        total = 0.0
        for a in range(n1 + 1):
            for b in range(n2 + 1):
                pool = (a + b) / (n1 + n2)
                var = pool * (1 - pool) * (1 / n1 + 1 / n2) * (n1 + n2) / (n1 + n2 - 1)
                if var > 0 and abs(a / n1 - b / n2) / math.sqrt(var) >= stats.norm.ppf(0.975):
                    total += stats.binom.pmf(a, n1, p1) * stats.binom.pmf(b, n2, p2)
        superior.append(dict(n1=n1, n2=n2, p1=p1, p2=p2, power=float(total)))
    return dict(mcnemar=mcnemar, rates=superior)


OUT["data"] = DATA
OUT["glm"] = glm_cases()
OUT["floor"] = floor_cases()
OUT["two_slope"] = two_slope_cases()
OUT["scores"] = score_cases()
OUT["games"] = game_cases()
OUT["prevalence"] = prevalence_cases()
OUT["power"] = power_cases()

with open("oracle_models_py.json", "w") as f:
    json.dump(OUT, f, indent=None, separators=(",", ":"))
    f.write("\n")
