"""Zero-cost proxies: scores of networks that are not trained, or hardly."""
