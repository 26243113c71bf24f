"""Inputs and expected values of the models, detectors and games (second half of the package).

python oracle_b.py, then Rscript oracle_b.R, both in this directory; statsmodels 0.15.0, scipy 1.17.1,
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


OUT["data"] = DATA
OUT["glm"] = glm_cases()
OUT["floor"] = floor_cases()

with open("oracle_b_py.json", "w") as f:
    json.dump(OUT, f, indent=1)
    f.write("\n")
