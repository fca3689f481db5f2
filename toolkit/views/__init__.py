"""What people look at: maps, charts and tables; data in, drawable out.

Import the module that is needed (:mod:`toolkit.views.maps` loads folium, which is slow).
"""
