"""Methods that train one network whose weights all architectures share."""
