"""The programs that zrSign runs beside itself: found on this machine, or installed into `.tools`."""
