# Spack: repos/NAME/packages/rdd/package.py; the file lies beside it, or in a mirror of the site.
import os

from spack.package import *


class Rdd(Package):
    """Distils semantic-segmentation networks on any number of MPI ranks."""

    homepage = "https://arxiv.org/abs/2407.03719"
    url = "file://" + os.path.join(os.path.dirname(__file__), "rdd-@VERSION@-x86_64.tar.zst")

    version("@VERSION@", sha256="@SHA256@")

    depends_on("openmpi@4:5", type=("build", "link", "run"))
    conflicts("target=aarch64:", msg="the package is for x86-64")

    def install(self, spec, prefix):
        install_tree(".", prefix)

    def setup_run_environment(self, env):
        env.prepend_path("LD_LIBRARY_PATH", self.spec["openmpi"].prefix.lib)
