"""A Jupyter server as people have it, with Galata's helpers in the page: token and XSRF hold."""

from jupyterlab.galata import configure_jupyter_server

c = get_config()  # noqa: F821 - Jupyter hands it in
configure_jupyter_server(c)
c.ServerApp.allow_root = True
c.ServerApp.disable_check_xsrf = False
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.JupyterNotebookApp.expose_app_in_browser = True
