# Expected values from R for the inputs that oracle_models.py wrote: glm and profile likelihoods by
# glm with an offset, brglm2 for separated data, pROC for curves. Run in this directory after it.
# R 4.2.2, jsonlite, brglm2, pROC from Debian 12.
suppressPackageStartupMessages({library(jsonlite); library(brglm2); library(pROC)})
input <- fromJSON("oracle_models_py.json", simplifyVector = TRUE)
out <- list()
z2 <- qnorm(0.975)^2
exact <- glm.control(epsilon = 1e-14, maxit = 200)

glm_case <- function(name, link) {
  d <- input$data[[name]]
  y <- d$successes; m <- d$trials; x <- d$dose
  fit <- glm(cbind(y, m - y) ~ x, family = binomial(link), control = exact)
  a <- coef(fit)[[1]]; b <- coef(fit)[[2]]
  ll <- function(f) as.numeric(logLik(f))
  df <- fit$df.residual
  pearson <- sum(residuals(fit, "pearson")^2)
  ed <- function(share) {
    t <- binomial(link)$linkfun(share)
    e <- (t - a) / b
    drop <- function(at) {
      held <- glm(cbind(y, m - y) ~ 0 + I(x - at), offset = rep(t, length(x)), family = binomial(link), control = exact, start = b)
      2 * (ll(fit) - ll(held))
    }
    side <- function(cut) {
      r <- diff(range(x))
      c(uniroot(function(v) drop(v) - cut, c(e - r / 2, e), tol = 1e-13)$root,
        uniroot(function(v) drop(v) - cut, c(e, e + r / 2), tol = 1e-13)$root)
    }
    list(value = e, binomial = side(z2), quasibinomial = side(pearson / df * qt(0.975, df)^2))
  }
  list(data = name, link = link, coef = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))),
       deviance = deviance(fit), pearson = pearson, ed50 = ed(0.5), ed90 = ed(0.9))
}
out$glm <- list()
for (name in c("binomial", "overdispersed", "few groups"))
  for (link in c("logit", "probit")) out$glm[[length(out$glm) + 1]] <- glm_case(name, link)

# Separated: the maximum of the likelihood penalised by Jeffreys' prior.
d <- input$data$separated
out$penalised <- lapply(c("logit", "probit"), function(link) {
  fit <- glm(cbind(d$successes, d$trials - d$successes) ~ d$dose, family = binomial(link), method = "brglmFit",
             type = "MPL_Jeffreys", epsilon = 1e-14, maxit = 10000, max_step_factor = 40)
  list(link = link, coef = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))))
})

# Curves: DeLong's area, standard error and plain interval; partial area up to 20 %.
out$auc <- lapply(seq_len(nrow(input$scores)), function(i) {
  clean <- input$scores$clean[[i]]; attacked <- input$scores$attacked[[i]]
  r <- roc(controls = clean, cases = attacked, direction = "<", quiet = TRUE)
  ci <- as.numeric(ci.auc(r, method = "delong"))
  part <- auc(r, partial.auc = c(1, 0.8), partial.auc.focus = "specificity")
  list(auc = as.numeric(auc(r)), se = sqrt(var(r, method = "delong")), low = ci[1], high = ci[3], partial = as.numeric(part) / 0.2)
})

# Melded intervals of predictive values by integration (Fay, Proschan and Brittain 2015).
meld <- function(k, n, j, l, v, scan, review) {
  beta_q <- function(u, a, b) if (a == 0) rep(0, length(u)) else if (b == 0) rep(1, length(u)) else qbeta(u, a, b)
  beta_p <- function(x, a, b) if (a == 0) as.numeric(x >= 0) else if (b == 0) as.numeric(x >= 1) else pbeta(pmin(pmax(x, 0), 1), a, b)
  tail <- function(limit, x, a, b, c, d) integrate(function(u) beta_p(limit(x, beta_q(u, a, b)), c, d), 0, 1, rel.tol = 1e-9, subdivisions = 5000, stop.on.error = FALSE)$value
  solve <- function(limit) c(
    uniroot(function(x) tail(limit, x, k, n - k + 1, j + 1, l - j) - 0.975, c(1e-9, 1 - 1e-9), tol = 1e-11)$root,
    uniroot(function(x) tail(limit, x, k + 1, n - k, j, l - j + 1) - 0.025, c(1e-9, 1 - 1e-9), tol = 1e-11)$root)
  w <- 1 - v
  u <- solve(function(u, t) ((1 - u) / u * v * t - scan - review * v * t) / (review * w))
  list(counts = c(k, n, j, l), prevalence = v, scan = scan, review = review,
       ppv = solve(function(x, t) v * t * (1 - x) / (w * x)),
       npv = solve(function(x, t) 1 - (1 - t) * v * x / (w * (1 - x))),
       cost = rev((1 - u) / u))
}
out$meld <- list(meld(45, 50, 4, 120, 0.05, 2, 30), meld(20, 40, 15, 60, 0.2, 1, 10), meld(58, 61, 2, 124, 0.01, 0.5, 100))

p <- c(0.001, 0.04, 0.03, 0.0125, 0.9, 0.04)
out$adjust <- list(p = p, holm = p.adjust(p, "holm"), bh = p.adjust(p, "BH"))

out$student <- list(
  two = power.t.test(n = 15, delta = 0.8, sd = 1, type = "paired", alternative = "two.sided", strict = TRUE)$power,
  one = power.t.test(n = 20, delta = 0.5, sd = 1, sig.level = 0.01, type = "paired", alternative = "one.sided")$power)

write_json(out, "oracle_models_r.json", digits = 17, auto_unbox = TRUE, pretty = TRUE)
