//! How likely it is that nothing but chance is at work.

/// The chance that at least `hits` of `trials` hit, each with the chance `share`.
#[must_use]
pub(crate) fn at_least(hits: u64, trials: u64, share: f64) -> f64 {
    if hits == 0 || share >= 1.0 {
        return 1.0;
    }
    if hits > trials || share <= 0.0 {
        return 0.0;
    }
    let (n, k) = (trials as f64, hits as f64);
    // Below what is expected there is nothing to be surprised at, and the sum would be long.
    if k <= n * share {
        return 1.0;
    }
    let ln = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0)
        + k * share.ln()
        + (n - k) * (-share).ln_1p();
    let odds = share / (1.0 - share);
    let (mut term, mut sum, mut at) = (1.0_f64, 1.0_f64, k);
    while at < n && term > sum * 1e-12 {
        term *= (n - at) / (at + 1.0) * odds;
        sum += term;
        at += 1.0;
    }
    (ln + sum.ln()).exp().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_books() {
        for (hits, trials, share, chance) in [
            (5, 5, 0.01, 1e-10),
            (1, 1, 0.25, 0.25),
            (8, 10, 0.5, 0.054_687_5),
            (10, 50, 0.05, 1.585_6e-4),
            (3, 1_000, 0.000_1, 1.542_2e-4),
            (0, 10, 0.1, 1.0),
            (11, 10, 0.1, 0.0),
        ] {
            let told = at_least(hits, trials, share);
            let off = (told - chance).abs() / chance.max(1e-300);
            assert!(off < 2e-3 || told == chance, "{hits}/{trials} at {share}: {told}");
        }
    }

    #[test]
    fn more_hits_are_never_more_likely() {
        for trials in [10_u64, 100, 100_000] {
            let chances: Vec<f64> =
                (0..=10).map(|k| at_least(k * trials / 10, trials, 0.3)).collect();
            assert!(chances.windows(2).all(|pair| pair[0] >= pair[1]), "{chances:?}");
        }
    }
}
