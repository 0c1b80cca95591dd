package tahoe

// Config is tahoe.cfg as Tahoe reads it: Python's ConfigParser(strict=False), BasicInterpolation.
type Config struct{}
