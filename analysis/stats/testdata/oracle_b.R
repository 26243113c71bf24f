# Expected values from R for the inputs that oracle_b.py wrote: glm and profile likelihoods by
# glm with an offset, brglm2 for separated data, pROC for curves. Run in this directory after it.
# R 4.2.2, jsonlite, brglm2, pROC from Debian 12.
suppressPackageStartupMessages({library(jsonlite); library(brglm2); library(pROC)})
input <- fromJSON("oracle_b_py.json", simplifyVector = TRUE)
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

write_json(out, "oracle_b_r.json", digits = 17, auto_unbox = TRUE, pretty = TRUE)
