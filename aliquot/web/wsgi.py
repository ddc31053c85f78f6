"""The pages as a WSGI application, for the server that `web.serve` starts."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
