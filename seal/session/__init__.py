"""One experiment, performed: checked beforehand, forecast, watched, and interrupted."""
