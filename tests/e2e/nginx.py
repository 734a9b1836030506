# SPDX-License-Identifier: GPL-2.0-only
"""nginx as a real origin: one process, its files in a directory of its own."""
import os
import subprocess

from door import HANG, free_port, wait_until

CONF = """
daemon off;
master_process off;
pid {dir}/pid;
error_log {dir}/error.log warn;
events {{ worker_connections 4096; }}
http {{
	access_log off;
	client_body_temp_path {dir}/body;
	proxy_temp_path {dir}/proxy;
	fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	client_max_body_size 0;
	keepalive_requests 100000;
	default_type application/octet-stream;
	server {{
		listen {listen};
		root {dir}/www;
{server}
	}}
}}
"""


class Nginx:
    def __init__(self, directory, server, path=None, listen_more=""):
        self.directory = str(directory)
        self.www = os.path.join(self.directory, "www")
        os.makedirs(self.www)
        if path:
            listen, self.address = "unix:" + path, "unix:" + path
        else:
            self.port = free_port()
            listen = self.address = f"127.0.0.1:{self.port}"
        conf = os.path.join(self.directory, "nginx.conf")
        with open(conf, "w") as f:
            f.write(CONF.format(dir=self.directory, listen=listen + " " + listen_more, server=server))
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-p", self.directory, "-c", conf],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(self.directory + "/pid") or self.process.poll() is not None, "nginx up")
        assert self.process.poll() is None, self.errors()

    def file(self, name, data):
        with open(os.path.join(self.www, name), "wb") as f:
            f.write(data)

    def errors(self):
        with open(os.path.join(self.directory, "error.log")) as f:
            return f.read()

    def stop(self):
        self.process.terminate()
        self.process.wait(HANG)
