"""What gunicorn reads in the folder that it is started in; all else is said where it is started."""

logger_class = "pipes.monitoring.web_log.WebLogger"
