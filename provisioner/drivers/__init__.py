"""The only code that talks to clusters, devices and guests; everything else sees our own types."""
