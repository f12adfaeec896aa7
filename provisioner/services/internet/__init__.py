"""The service internet: a site connected to the Internet, with WiFi of its own or without."""
