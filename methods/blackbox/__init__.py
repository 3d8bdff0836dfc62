"""Methods that see nothing but scores."""
